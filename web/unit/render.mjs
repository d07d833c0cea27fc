// Component tests in plain Node: the code that browsers get, in a window of jsdom's.
//
//   const app = await compileApp('miniprogram');
//   const view = render(app, '<countdown-timer deadline="{{at}}" bind:done="heard" />', {
//     components: { 'countdown-timer': 'components/countdown-timer/countdown-timer' },
//     data: { at: '2025-11-12T12:15:00+08:00' },
//     methods: { heard() {} },
//     now: '2025-11-12T12:00:00+08:00',
//   });
//   view.clock.tick(1000);
//   view.text('.left');    // what is shown
//   view.events;           // [{ name: 'heard', type: 'done', detail: … }]
//   view.problems();       // misuse, which should be []
//   view.close();

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../h5/compiler/compile.mjs';
import { inAnyScope } from './selectors.mjs';
import { createWindow } from './window.mjs';

const { TmplGroup } = createRequire(import.meta.url)('glass-easel-template-compiler');
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HOSTS = { 'https://yueke.example.com': 'self' };
const compiled = new Map();

/** Compiles a mini-program's folder (from the repository's root) once for all tests of a file. */
export function compileApp(folder = 'miniprogram') {
  const place = path.resolve(ROOT, folder);
  if (!compiled.has(place)) {
    compiled.set(place, compile({ folder: place, hosts: HOSTS, minify: false }).then((app) => {
      if (app.findings.errors.length > 0) throw new Error(app.findings.errors.join('\n'));
      return app;
    }));
  }
  return compiled.get(place);
}

/** Shows WXML that uses the program's components, in a page of its own. */
export function render(app, wxml, { components = {}, data = {}, methods = {}, wx = {}, ...options } = {}) {
  const { window, clock } = boot(app, options);
  const mp = window.__mp;
  Object.assign(mp.wx, wx);
  mp.modules.loadApp();
  const events = [];
  register(window, wxml, { components, data, methods, events });
  mp.chrome.attach();
  mp.router.start('/unit-test');
  return tools({ window, clock, mp, events, root: mp.router.current.root });
}

/** Starts the whole program, at a page such as `/pages/home/index?x=1`. */
export function start(app, { at, wx = {}, ...options } = {}) {
  const hash = at ? `#${at}` : '';
  const { window, clock } = boot(app, { ...options, url: `http://localhost/m/${options.search ?? ''}${hash}` });
  const mp = window.__mp;
  Object.assign(mp.wx, wx);
  mp.start();
  return tools({ window, clock, mp, events: [], root: null });
}

/** A plain module of the program, as `require` would give it: `load(app, 'utils/time').exports`. */
export function load(app, name, { wx = {}, ...options } = {}) {
  const { window, clock } = boot(app, options);
  Object.assign(window.__mp.wx, wx);
  return { exports: window.__mp.modules.load(name), ...tools({ window, clock, mp: window.__mp, events: [], root: null }) };
}

/** A copy of a value of the program's window that `assert.deepEqual` can compare. */
export function plain(value) {
  return structuredClone(value);
}

function boot(app, options) {
  const made = createWindow(options);
  made.window.__mpHeld = true;
  made.window.console.error = () => {};
  made.window.eval(app.js);
  return made;
}

/** Makes the WXML a page of the program, with handlers that write down what they hear. */
function register(window, wxml, { components, data, methods, events }) {
  const mp = window.__mp;
  const group = new TmplGroup();
  const faults = (group.addTmpl('unit-test', wxml) ?? []).filter((found) => found.isError);
  if (faults.length > 0) throw new Error(faults[0].message);
  const templates = window.eval(`(${group.getTmplGenObjectGroups()})`);
  group.free();
  const using = Object.fromEntries(Object.entries(components).map(([tag, file]) => [tag, `/${file.replace(/^\//, '')}`]));
  const json = { usingComponents: using };
  mp.config.components['unit-test'] = { json, isPage: true, handlers: Object.keys(methods) };
  mp.code.addComponentStaticConfig('unit-test', json);
  mp.code.addCompiledTemplate('unit-test', { groupList: templates, content: templates['unit-test'] });
  const heard = Object.entries(methods).map(([name, method]) => [name, function hear(event) {
    const { type, detail } = event ?? {};
    events.push({ name, type, detail: detail === undefined ? undefined : structuredClone(detail) });
    return method.call(this, event);
  }]);
  mp.modules.modules['unit-test'] = (require, module, exports, wx, App, Page) => Page({ data, ...Object.fromEntries(heard) });
}

function tools({ window, clock, mp, events, root }) {
  const { document } = window;
  const find = (selector) => document.querySelector(inAnyScope(selector));
  const must = (selector) => {
    const found = typeof selector === 'string' ? find(selector) : selector;
    if (!found) throw new Error(`there is no ${selector} in:\n${document.body.textContent.trim().slice(0, 500)}`);
    return found;
  };
  return {
    window,
    clock,
    mp,
    events,
    find,
    findAll: (selector) => [...document.querySelectorAll(inAnyScope(selector))],
    /** What an element shows, or the whole page, with single spaces. */
    text: (selector = 'wx-page') => must(selector).textContent.replace(/\s+/g, ' ').trim(),
    /** The page on top: its data and methods. */
    page: () => mp.router.current.caller,
    setData: (data) => root.get().setData(data),
    /** The component that an element belongs to: its data and methods. */
    component: (selector) => must(selector).__wxElement.getMethodCaller(),
    tap(selector) {
      must(selector).dispatchEvent(new window.MouseEvent('click', { bubbles: true, cancelable: true, composed: true }));
    },
    /** Types a text into the field that an <input> or <textarea> holds. */
    type(selector, text) {
      const element = must(selector);
      const field = element.matches('input, textarea') ? element : element.querySelector('input, textarea');
      field.value = text;
      field.dispatchEvent(new window.Event('input', { bubbles: true }));
    },
    press(selector, key) {
      must(selector).dispatchEvent(new window.KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    },
    /** Lets promises settle; timers wait for the clock. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    show: () => mp.router.current.resume(),
    hide: () => mp.router.current.pause(),
    problems: () => Array.from(mp.problems, ({ kind, message }) => `${kind}: ${message}`),
    close() {
      clock?.uninstall();
      window.close();
    },
  };
}
