// Going from page to page, and what belongs to the page that is on top.

import { define } from './api.js';
import { EventChannel } from './event-channel.js';

export function addNavigation(wx, mp) {
  define(wx, 'navigateTo', ({ url, events = {} }) => {
    const channel = new EventChannel();
    for (const [name, listener] of Object.entries(events)) channel.opener.on(name, listener);
    mp.router.navigateTo(url, channel.opened);
    return { eventChannel: channel.opener };
  });
  define(wx, 'redirectTo', ({ url }) => mp.router.redirectTo(url));
  define(wx, 'reLaunch', ({ url }) => mp.router.reLaunch(url));
  define(wx, 'switchTab', ({ url }) => mp.router.switchTab(url));
  define(wx, 'navigateBack', ({ delta } = {}) => mp.router.navigateBack(delta));
  define(wx, 'setNavigationBarTitle', ({ title }) => mp.router.setTitle(title));
  define(wx, 'setNavigationBarColor', ({ frontColor, backgroundColor }) => {
    const { settings } = mp.router.current;
    settings.navigationBarBackgroundColor = backgroundColor;
    settings.navigationBarTextStyle = frontColor === '#ffffff' ? 'white' : 'black';
    mp.chrome.update();
  });
  define(wx, 'setBackgroundColor', ({ backgroundColor }) => {
    mp.router.current.settings.backgroundColor = backgroundColor;
    mp.chrome.update();
  });
  define(wx, 'pageScrollTo', (options) => scrollPage(mp.router.current, options));
  define(wx, 'startPullDownRefresh', () => mp.router.current.refresh());
  define(wx, 'stopPullDownRefresh', () => mp.router.current.pull?.stop());
  addBadges(wx, mp);
}

function scrollPage(page, { scrollTop, selector, offsetTop = 0, duration = 300 }) {
  let top = scrollTop;
  if (selector !== undefined) {
    const found = page.element.querySelector(selector);
    if (!found) throw new Error(`there is no "${selector}"`);
    top = found.getBoundingClientRect().top - page.element.getBoundingClientRect().top + page.element.scrollTop + offsetTop;
  }
  page.scrollTo(top, duration > 0);
}

function addBadges(wx, mp) {
  const check = (index) => {
    if (mp.config.app.tabBar?.custom) mp.report('tabBar', 'badges of a custom tab bar are its own affair');
    else mp.chrome.badge(index, null);
  };
  define(wx, 'setTabBarBadge', ({ index, text }) => {
    check(index);
    mp.chrome.badge(index, text);
  });
  define(wx, 'removeTabBarBadge', ({ index }) => check(index));
  define(wx, 'showTabBarRedDot', ({ index }) => {
    check(index);
    mp.chrome.badge(index, '');
  });
  define(wx, 'hideTabBarRedDot', ({ index }) => check(index));
}
