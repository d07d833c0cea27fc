// ARIA in WXML becomes ARIA in the DOM: `aria-label`, `aria-role` and the rest, on every built-in component.
//
// They go to the element directly: thirty more properties on every <view> would cost time and memory.

import { attribute } from '../dom.js';

const NAMES = [
  'atomic', 'busy', 'checked', 'controls', 'current', 'describedby', 'details', 'disabled', 'errormessage', 'expanded',
  'haspopup', 'hidden', 'invalid', 'label', 'labelledby', 'level', 'live', 'modal', 'multiselectable', 'orientation',
  'owns', 'posinset', 'pressed', 'readonly', 'relevant', 'required', 'roledescription', 'selected', 'setsize', 'sort',
  'valuemax', 'valuemin', 'valuenow', 'valuetext',
];
/** Property → attribute; WXML says both `role` and `aria-role`. */
const ATTRIBUTES = {
  role: 'role',
  ariaRole: 'role',
  ...Object.fromEntries(NAMES.map((name) => [`aria${name[0].toUpperCase()}${name.slice(1)}`, `aria-${name}`])),
};
/** Attributes that mean something on a device and nothing in a browser. */
const IGNORED = new Set(['hoverStartTime', 'hoverStopPropagation']);
const FOCUSABLE_ROLES = new Set(['button', 'link', 'checkbox', 'radio', 'switch', 'tab', 'menuitem', 'option']);

/** @param {(component: object) => void} changed runs after a change on a component that is attached */
export function reflectAria({ DataGroup }, changed) {
  const { replaceProperty } = DataGroup.prototype;
  DataGroup.prototype.replaceProperty = function replaceOrReflect(name, value) {
    if (replaceProperty.call(this, name, value)) return true;
    const component = this._$comp;
    if (!component?.is.startsWith('builtin/')) return false;
    if (IGNORED.has(name)) return true;
    if (!ATTRIBUTES[name]) return false;
    if (component.$$) reflect(component.$$, ATTRIBUTES[name], value);
    if (component.h5?.isAttached) changed(component);
    return true;
  };
}

function reflect(host, name, value) {
  attribute(host, name, typeof value === 'boolean' ? String(value) : value);
  // What is said to be a button can be pressed by the keyboard; `tab-index` says otherwise.
  if (name === 'role' && FOCUSABLE_ROLES.has(value) && !host.hasAttribute('tabindex')) host.tabIndex = 0;
}
