// wx storage over localStorage, apart for every person.

import { define } from './api.js';

const ENTRY_MAX = 1024 * 1024;
const TOTAL_KB = 10 * 1024;

/** The values behind the keys of one person. */
export function createStorage(prefix) {
  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return {
    keys,
    has: (key) => localStorage.getItem(prefix + key) !== null,
    get(key) {
      const text = localStorage.getItem(prefix + key);
      return text === null ? '' : JSON.parse(text).value;
    },
    set(key, value) {
      const text = JSON.stringify({ value });
      if (text.length > ENTRY_MAX) throw new Error('entry size limit reached');
      localStorage.setItem(prefix + key, text);
    },
    remove: (key) => localStorage.removeItem(prefix + key),
    size: () => keys().reduce((sum, key) => sum + localStorage.getItem(prefix + key).length, 0),
  };
}

export function addStorage(wx, mp, storage) {
  const info = () => ({ keys: storage.keys(), currentSize: Math.ceil(storage.size() / 1024), limitSize: TOTAL_KB });
  const clear = () => storage.keys().forEach((key) => storage.remove(key));
  wx.getStorageSync = (key) => storage.get(key);
  wx.setStorageSync = (key, value) => storage.set(key, value);
  wx.removeStorageSync = (key) => storage.remove(key);
  wx.clearStorageSync = clear;
  wx.getStorageInfoSync = info;
  define(wx, 'setStorage', ({ key, data }) => storage.set(key, data));
  define(wx, 'removeStorage', ({ key }) => storage.remove(key));
  define(wx, 'clearStorage', clear);
  define(wx, 'getStorageInfo', info);
  define(wx, 'getStorage', ({ key }) => {
    if (!storage.has(key)) throw new Error('data not found');
    return { data: storage.get(key) };
  });
}
