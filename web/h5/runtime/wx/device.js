// What the source may ask of the device and of the base library.

import { define, listeners } from './api.js';

/** The version of the base library that the shim stands for. */
const LIBRARY = '3.8.12';
const NAV_PX = 44;
const FONT_PX = 16;

export function addDevice(wx, mp) {
  const windowInfo = () => {
    const { clientWidth: width, clientHeight: height } = mp.root;
    const { clientHeight: pageHeight } = mp.chrome.viewport;
    const safeArea = { left: 0, top: 0, right: width, bottom: height, width, height };
    return { pixelRatio: devicePixelRatio || 1, screenWidth: width, screenHeight: height, windowWidth: width, windowHeight: pageHeight, statusBarHeight: 0, screenTop: NAV_PX, safeArea };
  };
  const device = () => ({ brand: 'h5', model: 'h5', platform: 'h5', system: 'h5', abi: '', benchmarkLevel: -1 });
  const library = () => ({ SDKVersion: LIBRARY, version: LIBRARY, language: navigator.language.replace('-', '_'), theme: mp.theme.now, enableDebug: false, ...fontSize(), host: { appId: 'h5' } });
  const everything = () => ({ ...windowInfo(), ...device(), ...library() });
  wx.getWindowInfo = windowInfo;
  wx.getDeviceInfo = device;
  wx.getAppBaseInfo = library;
  wx.getSystemInfoSync = everything;
  define(wx, 'getSystemInfo', everything);
  wx.getMenuButtonBoundingClientRect = () => {
    const { clientWidth } = mp.root;
    return { left: clientWidth - 95, right: clientWidth - 7, top: 6, bottom: 38, width: 88, height: 32 };
  };
  wx.getLaunchOptionsSync = () => mp.lifecycle.launched;
  wx.getEnterOptionsSync = () => mp.lifecycle.options;
  wx.canIUse = (name) => name.split('.')[0] in wx;
  wx.nextTick = (run) => queueMicrotask(run);
  wx.env = { USER_DATA_PATH: 'wxfile://usr' };
  listeners(wx, 'ThemeChange', (listener) => mp.theme.listen(listener), (listener) => mp.theme.forget(listener));
  listeners(wx, 'AppShow', (listener) => mp.lifecycle.listen('show', listener), (listener) => mp.lifecycle.forget('show', listener));
  listeners(wx, 'AppHide', (listener) => mp.lifecycle.listen('hide', listener), (listener) => mp.lifecycle.forget('hide', listener));
  addWindowListener(wx, 'WindowResize', ['resize'], () => ({ size: windowInfo() }));
  addWindowListener(wx, 'Error', ['error'], ({ message }) => message);
  addWindowListener(wx, 'UnhandledRejection', ['unhandledrejection'], ({ reason, promise }) => ({ reason, promise }));
  addNetwork(wx);
  addGestures(wx);
}

/** The size of letters that somebody has chosen in their browser. */
function fontSize() {
  const fontSizeSetting = parseFloat(getComputedStyle(document.documentElement).fontSize) || FONT_PX;
  return { fontSizeSetting, fontSizeScaleFactor: fontSizeSetting / FONT_PX };
}

function addNetwork(wx) {
  const network = () => ({ isConnected: navigator.onLine, networkType: navigator.onLine ? 'wifi' : 'none' });
  define(wx, 'getNetworkType', network);
  addWindowListener(wx, 'NetworkStatusChange', ['online', 'offline'], network);
}

function addGestures(wx) {
  define(wx, 'setClipboardData', ({ data }) => navigator.clipboard.writeText(data));
  define(wx, 'getClipboardData', async () => ({ data: await navigator.clipboard.readText() }));
  define(wx, 'makePhoneCall', ({ phoneNumber }) => {
    location.href = `tel:${phoneNumber}`;
  });
  define(wx, 'vibrateShort', () => vibrate(15));
  define(wx, 'vibrateLong', () => vibrate(400));
  define(wx, 'hideKeyboard', () => document.activeElement?.blur());
  define(wx, 'setKeepScreenOn', () => {});
  define(wx, 'showShareMenu', () => {});
  define(wx, 'hideShareMenu', () => {});
  define(wx, 'openSetting', () => ({ authSetting: {} }));
  define(wx, 'getSetting', () => ({ authSetting: {}, subscriptionsSetting: { mainSwitch: true, itemSettings: {} } }));
  // A new build is there with the next load of the page.
  wx.getUpdateManager = () => ({ onCheckForUpdate: (heard) => heard({ hasUpdate: false }), onUpdateReady() {}, onUpdateFailed() {}, applyUpdate() {} });
}

/** A browser does so only for somebody who has touched the page, and complains otherwise. */
function vibrate(ms) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(ms);
}

/** `wx.on<Name>` and `wx.off<Name>` over events of the window. */
function addWindowListener(wx, name, types, convert) {
  const wrapped = new Map();
  const forget = (listener) => {
    for (const type of types) window.removeEventListener(type, wrapped.get(listener));
    wrapped.delete(listener);
  };
  listeners(
    wx,
    name,
    (listener) => {
      if (wrapped.has(listener)) return;
      wrapped.set(listener, (event) => listener(convert(event)));
      for (const type of types) window.addEventListener(type, wrapped.get(listener));
    },
    (listener) => (listener ? forget(listener) : [...wrapped.keys()].forEach(forget)),
  );
}
