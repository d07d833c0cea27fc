// One open page: its frame in the DOM, its lifetimes, its scrolling and its pull to refresh.

import { h } from './dom.js';
import { PullDown } from './pull-down.js';

const REACH_BOTTOM_PX = 50;

export class OpenPage {
  #isLow = false;
  #height = 0;
  #scrollTop = 0;
  #focused = null;

  constructor(mp, path, query, url) {
    this.mp = mp;
    this.path = path;
    this.url = url;
    const { json } = mp.config.components[path];
    this.settings = { ...mp.config.app.window, ...json };
    this.title = this.settings.navigationBarTitleText ?? '';
    this.element = h('wx-page', { is: path, role: 'region', 'aria-label': this.title, tabindex: '0' });
    this.element.__page = this;
    this.frame = h('h5-frame', {}, this.element);
    this.root = mp.page.createRoot('page-root', mp.code, path);
    this.caller = this.root.get();
    Object.assign(this.caller, { route: path, options: query });
    this.query = query;
  }

  /** Puts the page into the document and starts its life. */
  open(viewport) {
    viewport.append(this.frame);
    const place = document.createElement('i');
    this.element.append(place);
    this.root.attach(this.element, place);
    this.call('onLoad', { ...this.query });
    // It may have gone elsewhere at once, as a page that needs a login does.
    if (!this.frame.isConnected) return;
    this.#addTabBar();
    this.element.addEventListener('blur', () => this.element.removeAttribute('data-quiet'));
    this.element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    if (this.settings.enablePullDownRefresh) this.pull = new PullDown(this);
  }

  show() {
    this.frame.hidden = false;
    // To set it at all has the page laid out at once, which a first look has not earned yet.
    if (this.#scrollTop > 0) this.element.scrollTop = this.#scrollTop;
    this.resume();
  }

  /** Also when the whole program comes back from the background. */
  resume() {
    this.call('onShow');
    this.#lifetime('show');
  }

  pause() {
    this.call('onHide');
    this.#lifetime('hide');
  }

  hide() {
    this.#scrollTop = this.element.scrollTop;
    this.#focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    this.pause();
    // Its answer will come while another page is on top, and stop that one's.
    this.pull?.stop();
    this.frame.hidden = true;
  }

  /** Whoever reads by ear or goes by keys begins on the new page, and where they were on an old one. */
  takeFocus() {
    const isField = this.#focused?.matches?.('input, textarea');
    const target = this.#focused?.isConnected && !isField ? this.#focused : this.element;
    // A ring around the whole page would say nothing: nobody has gone there by key.
    if (target === this.element) target.toggleAttribute('data-quiet', true);
    target.focus({ preventScroll: true });
  }

  setTitle(title) {
    this.title = title;
    this.element.setAttribute('aria-label', title);
  }

  close() {
    this.call('onUnload');
    for (const root of [this.tabBar, this.root]) {
      if (!root) continue;
      root.release();
      root.getComponent().isClosed = true;
    }
    this.frame.remove();
  }

  call(method, ...args) {
    const found = this.caller[method];
    if (typeof found !== 'function') return undefined;
    return this.mp.glassEasel.safeCallback(method, found, this.caller, args);
  }

  scrollTo(top, isSmooth) {
    this.element.scrollTo?.({ top, behavior: isSmooth ? 'smooth' : 'instant' });
  }

  /** What the page does when it is pulled down; `startPullDownRefresh` and the button do the same. */
  refresh() {
    this.pull?.start();
  }

  #lifetime(name) {
    this.root.getComponent().triggerPageLifetime(name, []);
    this.tabBar?.getComponent().triggerPageLifetime(name, []);
  }

  /** Every tab page has a tab bar of its own, as on a device. */
  #addTabBar() {
    const { mp } = this;
    if (!mp.config.app.tabBar?.custom || !mp.router.isTab(this.path)) return;
    mp.modules.loadComponent('custom-tab-bar/index');
    this.tabBar = mp.page.createRoot('h5-tab-bar-root', mp.code, 'custom-tab-bar/index');
    const place = document.createElement('i');
    this.element.append(place);
    this.tabBar.attach(this.element, place);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    if (this.frame.hidden) return;
    this.call('onPageScroll', { scrollTop });
    const distance = this.settings.onReachBottomDistance ?? REACH_BOTTOM_PX;
    const isLow = scrollHeight - scrollTop - clientHeight <= distance;
    // A page that has grown has a new end, also for whoever jumps from one end to the next.
    if (scrollHeight > this.#height) this.#isLow = false;
    this.#height = scrollHeight;
    if (isLow && !this.#isLow) this.call('onReachBottom');
    this.#isLow = isLow;
  }
}
