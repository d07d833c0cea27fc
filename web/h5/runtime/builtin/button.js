// Buttons and links.

import { attribute } from '../dom.js';
import { ancestor, define, onTap, types } from './define.js';

export function addButtons(mp) {
  define(
    mp,
    'button',
    {
      disabled: types.BOOLEAN,
      type: { type: String, value: 'default' },
      size: { type: String, value: 'default' },
      plain: types.BOOLEAN,
      loading: types.BOOLEAN,
      formType: types.STRING,
      openType: types.STRING,
      phoneNumberNoQuotaToast: types.BOOLEAN,
      hoverClass: { type: String, value: 'button-hover' },
    },
    ({ component, host, emit }) => {
      onTap(component, () => {
        const { disabled, formType, openType } = component.data;
        if (disabled) return;
        if (formType) ancestor(component, 'form')?.h5.end(formType);
        if (openType) openAs(mp, component, openType, emit);
      });
      component.h5 = { activate: () => host.click() };
      return {
        update({ type, size, plain, loading, disabled }) {
          if (!host.hasAttribute('role')) host.setAttribute('role', 'button');
          host.tabIndex = disabled ? -1 : 0;
          attribute(host, 'type', type);
          attribute(host, 'size', size);
          attribute(host, 'plain', plain);
          attribute(host, 'loading', loading);
          attribute(host, 'disabled', disabled);
          attribute(host, 'aria-disabled', disabled ? 'true' : null);
          if (loading) host.setAttribute('aria-busy', 'true');
          else host.removeAttribute('aria-busy');
        },
      };
    },
  );
  define(
    mp,
    'navigator',
    { url: types.STRING, openType: { type: String, value: 'navigate' }, delta: { type: Number, value: 1 }, target: types.STRING },
    ({ component, host }) => {
      host.setAttribute('role', 'link');
      host.tabIndex = 0;
      onTap(component, () => {
        const { url, openType, delta } = component.data;
        const go = { navigate: 'navigateTo', redirect: 'redirectTo', switchTab: 'switchTab', reLaunch: 'reLaunch', navigateBack: 'navigateBack' }[openType];
        if (go) mp.wx[go]({ url, delta, fail: ({ errMsg }) => mp.report('navigation', errMsg) });
      });
    },
  );
}

function openAs(mp, component, openType, emit) {
  if (openType === 'getPhoneNumber' || openType === 'getRealtimePhoneNumber') {
    emit(openType.toLowerCase(), { errMsg: `${openType}:fail user deny` });
  } else if (openType === 'share') {
    const { caller } = mp.router.current;
    const shared = caller.onShareAppMessage?.({ from: 'button', target: { dataset: component.dataset } });
    share(mp, shared);
  } else if (openType === 'openSetting') {
    emit('opensetting', { authSetting: {} });
  } else if (openType === 'chooseAvatar' || openType === 'contact') {
    mp.wx.showToast({ title: '请在微信中使用', icon: 'none' });
  } else {
    mp.report('button', `open-type="${openType}" is not in the H5 build`);
  }
}

function share(mp, { title = document.title, path = `/${mp.router.current.path}` } = {}) {
  const url = `${location.origin}${location.pathname}#${path}`;
  if (navigator.share) navigator.share({ title, url }).catch(() => {});
  else mp.wx.setClipboardData({ data: url, success: () => mp.wx.showToast({ title: '链接已复制', icon: 'none' }) });
}
