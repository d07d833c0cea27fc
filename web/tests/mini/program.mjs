// The whole program in a window of jsdom's, against the server of a few lines.

import assert from 'node:assert/strict';
import { start } from '../../unit/render.mjs';
import { app, fakeServer, LOGIN, settle } from './server.mjs';

export const NOW = '2025-11-12T12:30:00.000+08:00';

/** The whole program at a page, as somebody who is logged in unless `login` says otherwise. */
export async function open(at, routes, { login = LOGIN, wx = {}, now = NOW } = {}) {
  const server = fakeServer(routes);
  const compiled = await app();
  // What the app keeps is there before it starts.
  const storage = { getStorageSync: (key) => (key in kept ? kept[key] : ''), setStorageSync: (key, value) => { kept[key] = value; }, removeStorageSync: (key) => { delete kept[key]; } };
  const kept = login ? { login } : {};
  const view = start(compiled, { at, now, wx: { ...server.wx, ...storage, login: ({ fail }) => fail({ errMsg: 'login:fail' }), ...wx } });
  await settle(20);
  const button = (text) => {
    const found = view.findAll('.wx-button, wx-button').filter((element) => element.textContent.trim() === text && !element.closest('[hidden]'));
    assert.ok(found.length > 0, `no button ${text} in: ${view.window.document.body.textContent.replace(/\s+/g, ' ').slice(0, 400)}`);
    return found.at(-1);
  };
  const go = async (text) => { view.tap(button(text)); await settle(20); };
  const route = () => view.page().route;
  const shown = () => view.findAll('wx-page').at(-1).textContent.replace(/\s+/g, ' ');
  return { ...view, server, kept, go, route, shown };
}

export function done(view) {
  assert.deepEqual(view.problems(), []);
  view.close();
}
