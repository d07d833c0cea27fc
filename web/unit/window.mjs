// A window of jsdom's with what it lacks, so that the compiled program runs in it as in a browser.

import FakeTimers from '@sinonjs/fake-timers';
import { JSDOM, VirtualConsole } from 'jsdom';

const PAGE = '<!doctype html><html lang="zh-CN" data-darkmode><body><div id="app"></div></body></html>';
const FAKED = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'requestAnimationFrame', 'cancelAnimationFrame', 'performance'];

/**
 * @param {{ url?: string, now?: number | string | Date, isDark?: boolean, fetch?: typeof fetch, WebSocket?: unknown }} options
 *   `now` stops the window's clock there; `fetch` and `WebSocket` answer in place of a server
 */
export function createWindow({ url = 'http://localhost/m/', now, isDark = false, fetch, WebSocket } = {}) {
  const virtualConsole = new VirtualConsole();
  const { window } = new JSDOM(PAGE, { url, runScripts: 'outside-only', pretendToBeVisual: true, virtualConsole });
  const clock = now === undefined ? null : FakeTimers.withGlobal(window).install({ now: new Date(now), toFake: FAKED });
  addMedia(window, isDark);
  addDialogs(window);
  window.CSS ??= {};
  window.CSS.escape ??= (text) => text.replace(/[^\w-]/g, (sign) => `\\${sign}`);
  window.Element.prototype.scrollTo = function scrollTo({ top = this.scrollTop, left = this.scrollLeft }) {
    this.scrollTop = top;
    this.scrollLeft = left;
  };
  window.fetch = fetch ?? (() => Promise.reject(new TypeError('Failed to fetch')));
  if (WebSocket) window.WebSocket = WebSocket;
  return { window, clock };
}

/** Only one question is ever asked, whether it is dark; tests answer it anew by `setDark`. */
function addMedia(window, isDark) {
  const listeners = new Set();
  const dark = { matches: isDark, addEventListener: (_, listener) => listeners.add(listener) };
  window.matchMedia = (query) => (query.includes('dark') ? dark : { matches: false, addEventListener() {} });
  window.setDark = (value) => {
    dark.matches = value;
    for (const listener of listeners) listener({ matches: value });
  };
}

/** jsdom knows the element and not its methods. */
function addDialogs(window) {
  const { prototype } = window.HTMLDialogElement;
  prototype.showModal = function showModal() {
    this.setAttribute('open', '');
  };
  prototype.close = function close() {
    if (!this.hasAttribute('open')) return;
    this.removeAttribute('open');
    this.dispatchEvent(new window.Event('close'));
  };
}
