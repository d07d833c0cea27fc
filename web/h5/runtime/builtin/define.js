// How a built-in component is made: a glass-easel component whose content goes into a <slot/>, and
// that keeps its host element in the DOM as its properties say.

import { attribute } from '../dom.js';

const BOOLEAN = { type: Boolean };
const STRING = { type: String };
const NUMBER = { type: Number };
const ANY = { type: null };
export const types = { BOOLEAN, STRING, NUMBER, ANY };

/**
 * @typedef {object} Part what a component's `setup` gets
 * @property {any} component the glass-easel component
 * @property {HTMLElement} host its element
 * @property {(name: string, detail?: object, options?: object) => void} emit triggers an event
 * @property {(data: object) => void} set changes properties, `model:` bindings included
 */

/**
 * Registers `<tag>`. `setup(part)` runs once for each and may answer `{ update, attached, detached }`;
 * `update(data)` runs after every change.
 */
export function define(mp, tag, properties = {}, setup = () => ({})) {
  const space = mp.code.getComponentSpace();
  const all = { hidden: BOOLEAN, hoverClass: STRING, hoverStayTime: { type: Number, value: 70 }, tabIndex: ANY, ...properties };
  let builder = space.define(`builtin/${tag}`);
  for (const [name, definition] of Object.entries(all)) builder = builder.property(name, definition);
  const definition = builder
    .lifetime('created', function created() {
      const host = this.$$;
      const part = {
        component: this,
        host,
        emit: (name, detail = {}, options = {}) => this.triggerEvent(name, detail, options),
        set: (data) => this.setData(data),
      };
      const made = setup(part) ?? {};
      this.h5 = { ...this.h5, ...made };
      addHover(this, host);
    })
    .lifetime('attached', function attached() {
      this.h5.isAttached = true;
      refresh(this);
      this.h5.attached?.();
    })
    .lifetime('detached', function detached() {
      // An answer may come after its page was closed: then there is nothing left to draw.
      this.h5.isAttached = false;
      this.h5.detached?.();
    })
    .observer(Object.keys(all), function changed() {
      if (this.h5?.isAttached) refresh(this);
    })
    .registerComponent();
  space.setGlobalUsingComponent(tag, definition);
}

/** Draws a component as its properties and attributes say. */
export function refresh(component) {
  const { data, $$: host, h5 } = component;
  host.hidden = Boolean(data.hidden);
  if (data.tabIndex !== null) attribute(host, 'tabindex', data.tabIndex);
  h5.update?.(data);
}

/** `hover-class` while pressed. */
function addHover(component, host) {
  let classes = [];
  const toggle = (names, isOn) => names.forEach((name) => component.classList.toggle(name, isOn));
  host.addEventListener('pointerdown', () => {
    const { hoverClass, disabled } = component.data;
    if (!hoverClass || hoverClass === 'none' || disabled) return;
    classes = hoverClass.split(/\s+/).filter(Boolean);
    toggle(classes, true);
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave']) {
    host.addEventListener(end, () => {
      const ended = classes;
      classes = [];
      if (ended.length > 0) setTimeout(() => toggle(ended, false), component.data.hoverStayTime);
    });
  }
}

/** Runs `handle` on every tap of the component, also those inside of it. */
export function onTap(component, handle) {
  component.addListener('tap', handle);
}

/** The nearest built-in component of that tag around this one. */
export function ancestor(component, tag) {
  return component.$$.parentNode?.closest?.(`wx-${tag}`)?.__wxElement ?? null;
}

/** The built-in components of those tags inside of this one, in the order of the document. */
export function descendants(component, tags) {
  return [...component.$$.querySelectorAll(tags.map((tag) => `wx-${tag}`).join(','))].map((element) => element.__wxElement);
}
