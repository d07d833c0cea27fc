// The stack of pages, with WeChat's limits, and the browser's history and address beside it.

import { OpenPage } from './page.js';
import { parseQuery, resolvePath, splitUrl } from './paths.js';
import { EventChannel } from './wx/event-channel.js';

const STACK_MAX = 10;

/** What the address asks for; nothing where it is no text, as when it was cut off within a percent sign. */
function asked() {
  try {
    return decodeURI(location.hash.slice(1));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return '';
  }
}

export class Router {
  /** @type {OpenPage[]} */
  stack = [];
  /** Tab pages live on while others are shown. @type {Map<string, OpenPage>} */
  #tabs = new Map();
  #popsToSkip = 0;
  /** Nobody's focus is taken when the first page opens. */
  #hasMoved = false;
  /** Frames of one window share its history: a step back would be another phone's. */
  #isFramed = window.parent !== window;

  constructor(mp) {
    this.mp = mp;
    this.tabs = (mp.config.app.tabBar?.list ?? []).map(({ pagePath }) => pagePath);
    this.home = mp.config.app.entryPagePath ?? mp.config.pages[0];
    window.addEventListener('popstate', (event) => this.#popped(event));
  }

  get current() {
    return this.stack.at(-1);
  }

  isTab(path) {
    return this.tabs.includes(path);
  }

  pages() {
    return this.stack.map(({ caller }) => caller);
  }

  /** Opens the page that is asked for, by the address where nobody says, else the first one. */
  start(wanted = asked()) {
    const isKnown = this.mp.config.components[splitUrl(wanted).path.replace(/^\//, '')]?.isPage;
    const url = isKnown ? wanted : `/${this.home}`;
    this.mp.lifecycle.launch(splitUrl(url.replace(/^\//, '')));
    this.#push(url);
    this.#record(true);
  }

  navigateTo(url, channel) {
    const { path, full } = this.#target(url);
    if (this.isTab(path)) {
      this.mp.report('navigation', `navigateTo("${url}"): a tab page is opened by switchTab`);
      throw new Error('can not navigateTo a tabbar page');
    }
    if (this.stack.length >= STACK_MAX) {
      this.mp.report('navigation', `navigateTo("${url}"): more than ${STACK_MAX} pages are open`);
      throw new Error('webview count limit exceed');
    }
    this.current.hide();
    const page = this.#push(full, channel);
    this.#record(false);
    return page;
  }

  redirectTo(url) {
    const { path, full } = this.#target(url);
    if (this.isTab(path)) {
      this.mp.report('navigation', `redirectTo("${url}"): a tab page is opened by switchTab`);
      throw new Error('can not redirectTo a tabbar page');
    }
    this.#drop(this.stack.pop());
    this.#push(full);
    this.#record(true);
  }

  reLaunch(url) {
    const { full } = this.#target(url);
    const depth = this.stack.length;
    while (this.stack.length > 0) this.#drop(this.stack.pop());
    for (const page of this.#tabs.values()) page.close();
    this.#tabs.clear();
    this.#rewind(depth);
    this.#push(full);
    this.#record(true);
  }

  switchTab(url) {
    const { path } = this.#target(url);
    if (!this.isTab(path)) throw new Error('can not switch to no-tabBar page');
    if (this.current?.path === path) return;
    const depth = this.stack.length;
    if (this.isTab(this.current.path)) this.current.hide();
    while (this.stack.length > 0) {
      const page = this.stack.pop();
      if (!this.isTab(page.path)) this.#drop(page);
    }
    this.#rewind(depth);
    this.#push(`/${path}`);
    this.#record(true);
  }

  navigateBack(delta = 1) {
    const steps = Math.min(delta, this.stack.length - 1);
    if (steps < 1) return;
    for (let step = 0; step < steps; step += 1) this.#drop(this.stack.pop());
    this.#rewind(steps + 1);
    this.#showCurrent();
  }

  setTitle(title) {
    this.current.setTitle(title);
    this.mp.chrome.update();
  }

  #target(url) {
    const { path, search } = splitUrl(url);
    const absolute = resolvePath(path, this.current?.path ?? '');
    if (!this.mp.config.components[absolute]?.isPage) {
      this.mp.report('navigation', `there is no page "${absolute}"`);
      throw new Error(`page "${absolute}" is not found`);
    }
    return { path: absolute, full: `/${absolute}${search ? `?${search}` : ''}` };
  }

  #push(url, channel) {
    const { path: slashed, search } = splitUrl(url);
    const path = slashed.replace(/^\//, '');
    const kept = this.#tabs.get(path);
    if (kept) {
      this.stack.push(kept);
      this.#showCurrent();
      return kept;
    }
    this.mp.modules.loadComponent(path);
    const page = new OpenPage(this.mp, path, parseQuery(search), url);
    page.caller.getOpenerEventChannel = () => channel ?? new EventChannel().opened;
    this.stack.push(page);
    if (this.isTab(path)) this.#tabs.set(path, page);
    page.open(this.mp.chrome.viewport);
    // An onLoad that goes elsewhere has closed or covered this page already.
    if (this.current === page) this.#showCurrent();
    requestAnimationFrame(() => {
      if (page.frame.isConnected) page.call('onReady');
    });
    return page;
  }

  #showCurrent() {
    const page = this.current;
    this.mp.chrome.update();
    page.show();
    if (this.#hasMoved && page === this.current) page.takeFocus();
    this.#hasMoved = true;
  }

  #drop(page) {
    this.#tabs.delete(page.path);
    page.close();
  }

  #record(isSame) {
    const method = isSame || this.#isFramed ? 'replaceState' : 'pushState';
    history[method]({ depth: this.stack.length }, '', `#${this.current.url}`);
  }

  /** Takes the browser back to the entry of the page that is on the bottom of `depth` pages. */
  #rewind(depth) {
    if (depth <= 1) return;
    if (this.#isFramed) {
      if (this.current) this.#record(true);
      return;
    }
    this.#popsToSkip += 1;
    history.go(1 - depth);
  }

  /** The browser's own way back and forth, or an address that somebody typed. */
  #popped(event) {
    if (this.#popsToSkip > 0) {
      this.#popsToSkip -= 1;
      if (this.current) this.#record(true);
      return;
    }
    const depth = event.state?.depth;
    if (depth === undefined) {
      this.#typed();
    } else if (depth < this.stack.length) {
      while (this.stack.length > Math.max(depth, 1)) this.#drop(this.stack.pop());
      this.#showCurrent();
    } else if (depth > this.stack.length) {
      this.current.hide();
      this.#push(asked() || `/${this.home}`);
    }
  }

  #typed() {
    const url = asked();
    const { path } = splitUrl(url.replace(/^\//, ''));
    if (url === this.current.url || !this.mp.config.components[path]?.isPage) return;
    this.mp.lifecycle.enter(splitUrl(url.replace(/^\//, '')));
    if (this.isTab(path)) this.switchTab(url);
    else this.reLaunch(url);
  }
}
