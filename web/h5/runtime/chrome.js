// What WeChat draws around a page: the navigation bar, and the tab bar where the program has none of its own.

import { attribute, h } from './dom.js';

export class Chrome {
  constructor(mp) {
    this.mp = mp;
    this.viewport = h('h5-viewport', { role: 'main' });
  }

  attach() {
    const { mp } = this;
    this.back = h('button', { type: 'button', class: 'h5-nav__back', 'aria-label': '返回', onclick: () => this.#goBack() });
    this.title = h('h1', { class: 'h5-nav__title' });
    this.refresh = h('button', { type: 'button', class: 'h5-nav__refresh', 'aria-label': '刷新', onclick: () => mp.router.current.refresh() });
    this.bar = h('h5-nav', { role: 'banner' }, this.back, this.title, this.refresh);
    this.tabBar = mp.config.app.tabBar && !mp.config.app.tabBar.custom ? this.#tabs(mp.config.app.tabBar.list) : null;
    mp.root.replaceChildren(this.bar, this.viewport, ...(this.tabBar ? [this.tabBar] : []));
    mp.layers.attach();
  }

  /** Draws what belongs to the page that is on top. */
  update() {
    const { mp } = this;
    const page = mp.router.current;
    if (!page) return;
    const { settings } = page;
    const isCustom = settings.navigationStyle === 'custom';
    this.bar.hidden = isCustom;
    mp.root.toggleAttribute('data-custom-nav', isCustom);
    this.title.textContent = page.title;
    document.title = page.title || document.title;
    this.#drawBack(page);
    this.refresh.hidden = !settings.enablePullDownRefresh;
    this.#paint(settings);
    if (this.tabBar) this.#drawTabs(page);
  }

  #paint(settings) {
    const { theme, root } = this.mp;
    const colour = (name) => theme.resolve(settings[name]);
    root.style.setProperty('--h5-nav-back', colour('navigationBarBackgroundColor') ?? '');
    root.style.setProperty('--h5-page-back', colour('backgroundColor') ?? '');
    const text = colour('navigationBarTextStyle');
    attribute(this.bar, 'data-text', text);
  }

  /** Whoever came in by a link has no page to go back to, but a home. */
  #drawBack(page) {
    const { router } = this.mp;
    const isDeep = router.stack.length > 1;
    const isAway = !isDeep && page.path !== router.home && !router.isTab(page.path);
    this.back.hidden = !isDeep && !isAway;
    this.back.setAttribute('aria-label', isDeep ? '返回' : '回到首页');
    this.back.toggleAttribute('data-home', isAway);
  }

  #goBack() {
    const { router } = this.mp;
    if (router.stack.length > 1) router.navigateBack();
    else if (router.isTab(router.home)) router.switchTab(`/${router.home}`);
    else router.reLaunch(`/${router.home}`);
  }

  #tabs(list) {
    const buttons = list.map(({ pagePath, text }, index) => h(
      'button',
      { type: 'button', 'data-path': pagePath, onclick: () => this.#pick(pagePath, text, index) },
      text,
    ));
    return h('h5-tabs', { role: 'navigation', 'aria-label': '主导航' }, ...buttons);
  }

  #pick(pagePath, text, index) {
    const { router } = this.mp;
    router.switchTab(`/${pagePath}`);
    router.current.call('onTabItemTap', { index, pagePath, text });
  }

  #drawTabs(page) {
    this.tabBar.hidden = !this.mp.router.isTab(page.path);
    this.mp.root.toggleAttribute('data-tabs', !this.tabBar.hidden);
    for (const button of this.tabBar.children) attribute(button, 'aria-current', button.dataset.path === page.path ? 'page' : null);
  }

  /** `text` null takes the badge off; '' is a dot. */
  badge(index, text) {
    const button = this.tabBar?.children[index];
    if (button) attribute(button, 'data-badge', text === '' ? ' ' : text);
  }
}
