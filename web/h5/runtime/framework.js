// glass-easel, WeChat's own component framework, set up as it is on a device.

import * as glassEasel from 'glass-easel';
import * as adapter from 'glass-easel-miniprogram-adapter';
import { domTag } from '../tags.js';

const SET_DATA_MAX = 1024 * 1024;
const RPX = /(-?\d*\.?\d+)rpx\b/g;
const VIEWPORT = /(?<![\w.#-])(-?\d*\.?\d+)(vh|vw)\b/g;
const TOUCHES = /^touch/;
/** Of the browser's events only these, and touches, are events of WXML; the rest come from built-in components. */
const NATIVE_EVENTS = /^(transition|animation)/;

export function createFramework(mp) {
  /** Where things are is told as the page sees it, which begins below the navigation bar. */
  const origin = () => document.querySelector('h5-viewport')?.getBoundingClientRect() ?? { left: 0, top: 0 };
  const position = (event) => {
    const { left, top } = origin();
    return { x: (event.clientX ?? 0) - left, y: (event.clientY ?? 0) - top };
  };
  patchEvents(position);
  patchGeometry(origin);
  patchSetData(mp.report);
  reflectDataset();
  addTabBarGetter();
  glassEasel.addGlobalErrorListener((error, method, where) => {
    mp.report('error', `${error?.stack ?? error} (${method ?? ''} in ${where?.is ?? where ?? '?'})`);
    return false;
  });
  /** Attributes that a built-in component does not know; worth a look, and no fault. */
  const notes = [];
  glassEasel.addGlobalWarningListener((message, where) => {
    notes.push(`${where?.is ?? where}: ${message}`);
    return false;
  });
  window.addEventListener('unhandledrejection', ({ reason }) => {
    mp.report('rejection', String(reason?.stack ?? reason?.errMsg ?? reason));
  });

  const backend = createBackend(mp);
  const environment = new adapter.MiniProgramEnv();
  const code = createCodeSpace(environment);
  return { backend, code, notes, position, listensTo, page: environment.associateBackend(backend) };
}

/** Whether the element or one around it, in any component, has a listener of that type. */
function listensTo(target, type) {
  for (let node = target; node; node = node.parentNode) {
    const listeners = node.__wxElement?._$eventTarget;
    if (listeners?.listeners?.[type] || listeners?.captureListeners?.[type]) return true;
  }
  return false;
}

function createBackend(mp) {
  const backend = new glassEasel.CurrentWindowBackendContext();
  backend.document = {
    createElement: (tag) => withPhoneLengths(document.createElement(domTag(tag))),
    createTextNode: (text) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
  };
  // The framework's own taps come from touches and mice; ours come from clicks.
  backend._$initEvent = () => mp.taps.listen(dispatch);
  const listen = backend.setListenerStats;
  const touches = new Set();
  backend.setListenerStats = function setListenerStats(element, type, ...rest) {
    if (TOUCHES.test(type)) listenToTouches(touches, type);
    else if (NATIVE_EVENTS.test(type)) listen.call(this, element, type.toLowerCase(), ...rest);
    else if (/^(tap|longpress|longtap)$/.test(type) && element) element.classList?.add('h5-tappable');
  };
  backend.onEvent((target, type, detail, options) => {
    const event = new glassEasel.Event(type, detail, options);
    event.dispatch(target);
    return event.getEventBubbleStatus();
  });
  return backend;
}

/** From the first listener of the kind on: `catchtouchmove` must be able to hold the page still. */
function listenToTouches(listening, type) {
  if (listening.has(type)) return;
  listening.add(type);
  document.body.addEventListener(type, (event) => dispatch(event, type, {}), { capture: true, passive: false });
}

/** Hands an event of the browser to the components, from the innermost one outwards. */
function dispatch(original, type, detail) {
  let node = original.target;
  while (node && !node.__wxElement) node = node.parentNode;
  if (!node) return;
  const event = new glassEasel.Event(type, detail, { originalEvent: original, bubbles: true, composed: true, capturePhase: true });
  event.dispatch(node.__wxElement);
  if (event.defaultPrevented() && original.cancelable && TOUCHES.test(type)) original.preventDefault();
}

/** Inline styles may have rpx, as those of a sheet. */
function withPhoneLengths(element) {
  const { setAttribute } = element;
  element.setAttribute = (name, value) => {
    const written = name === 'style' ? String(value).replace(RPX, 'calc($1 * var(--rpx))').replace(VIEWPORT, 'calc($1 * var(--$2))') : value;
    setAttribute.call(element, name, written);
  };
  return element;
}

function createCodeSpace(environment) {
  const code = environment.createCodeSpace('', true);
  const prepare = code.prepareComponentOptions;
  code.prepareComponentOptions = function prepareComponentOptions(name, options) {
    const prepared = prepare.call(this, name, options);
    Object.assign(prepared[0], { idPrefixGenerator: null, writeIdToDOM: true, writeFieldsToNode: false });
    return prepared;
  };
  const hidden = code.getComponentSpace().define()
    .property('hidden', { type: Boolean })
    .observer('hidden', function observe() {
      const element = (this._$ ?? this).$$;
      if (element) element.hidden = Boolean(this.data.hidden);
    })
    .registerBehavior();
  code.setOverallBehavior(hidden);
  return code;
}

/** Events as a device hands them over: targets are plain, touches are lists of plain points. */
function patchEvents(position) {
  const wrap = glassEasel.Event.prototype.wrapShadowedEvent;
  glassEasel.Event.prototype.wrapShadowedEvent = function wrapShadowedEvent(target, mark, current) {
    const event = wrap.call(this, plainTarget(target), mark, plainTarget(current));
    const original = this.getOriginalEvent();
    if (original?.changedTouches) {
      event.touches = touches(original.touches, position);
      event.changedTouches = touches(original.changedTouches, position);
    } else if (original && 'clientX' in original) {
      event.touches = touches([{ identifier: 0, clientX: original.clientX, clientY: original.clientY }], position);
      event.changedTouches = event.touches;
    }
    return event;
  };
}

function plainTarget(caller) {
  const element = caller?._$ ?? caller;
  return {
    id: element?.id ?? '',
    dataset: { ...element?.dataset },
    offsetLeft: element?.$$?.offsetLeft ?? 0,
    offsetTop: element?.$$?.offsetTop ?? 0,
  };
}

function touches(list, position) {
  return Array.from(list ?? [], (touch) => {
    const { x, y } = position(touch);
    return { identifier: touch.identifier, pageX: x, pageY: y, clientX: x, clientY: y };
  });
}

function patchGeometry(origin) {
  const measure = glassEasel.Element.prototype.getBoundingClientRect;
  glassEasel.Element.prototype.getBoundingClientRect = function getBoundingClientRect(done) {
    measure.call(this, (rect) => {
      const { left, top } = origin();
      done({ ...rect, left: rect.left - left, top: rect.top - top });
    });
  };
}

/** WeChat ignores `undefined` in setData and refuses more than a megabyte. */
function patchSetData(report) {
  const { setData } = glassEasel.Component.prototype;
  glassEasel.Component.prototype.setData = function checkedSetData(data) {
    // An answer may come when its page is closed already: a device draws it nowhere, and says nothing.
    if (isClosed(this)) return;
    if (data && !this.is.startsWith('builtin/')) check(report, this.is, data);
    setData.call(this, data);
  };
}

/** Whether the page that a component is on has been closed. */
function isClosed(component) {
  let host = component;
  while (host.ownerShadowRoot) host = host.ownerShadowRoot.getHostNode();
  return host.isClosed === true;
}

function check(report, name, data) {
  for (const [key, value] of Object.entries(data)) {
    if (value === undefined) report('setData', `${name}: setData("${key}", undefined)`);
  }
  try {
    const length = JSON.stringify(data).length;
    if (length > SET_DATA_MAX) report('setData', `${name}: setData of ${length} characters; at most 1 MB`);
  } catch (error) {
    report('setData', `${name}: setData of what cannot be sent: ${error.message}`);
  }
}

/** Pages and components find the tab bar of the page that they are on. */
function addTabBarGetter() {
  adapter.component.ComponentCaller.prototype.getTabBar = function getTabBar() {
    return this._$.$$?.closest?.('wx-page')?.__page?.tabBar?.get() ?? null;
  };
}

/** `data-id` is an attribute of the DOM too, for tests and for whoever looks. */
function reflectDataset() {
  const { setDataset } = glassEasel.Element.prototype;
  glassEasel.Element.prototype.setDataset = function reflectedDataset(name, value) {
    setDataset.call(this, name, value);
    if (typeof value === 'object' || typeof value === 'undefined') return;
    this.$$?.setAttribute?.(`data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, value);
  };
}
