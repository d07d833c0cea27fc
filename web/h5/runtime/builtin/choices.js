// Check boxes, radio buttons and switches.

import { attribute, h } from '../dom.js';
import { ancestor, define, descendants, onTap, types } from './define.js';
import { labelOf } from './form.js';

export function addChoices(mp) {
  for (const tag of ['checkbox', 'radio']) {
    define(mp, tag, { value: types.STRING, checked: types.BOOLEAN, disabled: types.BOOLEAN, color: types.STRING, name: types.STRING }, (part) => choicePart(tag, part));
    define(mp, `${tag}-group`, { name: types.STRING }, (part) => groupPart(tag, part));
  }
  define(mp, 'switch', { name: types.STRING, disabled: types.BOOLEAN, checked: types.BOOLEAN, type: types.STRING, color: types.STRING }, switchPart);
}

function choicePart(tag, { component, host, set }) {
  const box = h('i', { class: 'h5-box', 'aria-hidden': 'true' });
  host.prepend(box);
  const activate = () => {
    const { disabled, checked } = component.data;
    if (disabled || (tag === 'radio' && checked)) return;
    const group = ancestor(component, `${tag}-group`);
    if (tag === 'radio' && group) descendants(group, ['radio']).filter((one) => one !== component).forEach((one) => one.setData({ checked: false }));
    set({ checked: tag === 'radio' ? true : !checked });
    group?.h5.changed();
  };
  onTap(component, activate);
  component.h5 = { activate };
  return {
    attached: () => nameByLabel(component, host),
    update({ checked, disabled, color }) {
      host.setAttribute('role', tag);
      host.setAttribute('aria-checked', String(checked));
      host.tabIndex = disabled ? -1 : 0;
      attribute(host, 'checked', checked);
      attribute(host, 'aria-disabled', disabled ? 'true' : null);
      box.style.color = color;
    },
  };
}

function groupPart(tag, { component, host, emit }) {
  const members = () => descendants(component, [tag]);
  const value = () => {
    const checked = members().filter((one) => one.data.checked).map((one) => one.data.value);
    return tag === 'radio' ? (checked[0] ?? '') : checked;
  };
  host.setAttribute('role', tag === 'radio' ? 'radiogroup' : 'group');
  component.h5 = {
    value,
    changed: () => emit('change', { value: value() }),
    reset: () => members().forEach((one) => one.setData({ checked: false })),
  };
  return {};
}

function switchPart({ component, host, emit, set }) {
  host.append(h('i', { 'aria-hidden': 'true' }));
  const activate = () => {
    if (component.data.disabled) return;
    set({ checked: !component.data.checked });
    emit('change', { value: component.data.checked });
  };
  onTap(component, activate);
  component.h5 = { activate, value: () => component.data.checked, reset: () => set({ checked: false }) };
  return {
    attached: () => nameByLabel(component, host),
    update({ checked, disabled, color }) {
      host.setAttribute('role', 'switch');
      host.setAttribute('aria-checked', String(checked));
      host.tabIndex = disabled ? -1 : 0;
      attribute(host, 'checked', checked);
      attribute(host, 'aria-disabled', disabled ? 'true' : null);
      host.style.background = checked ? color : '';
    },
  };
}

function nameByLabel(component, host) {
  if (!host.hasAttribute('aria-label')) attribute(host, 'aria-label', labelOf(component));
}
