// `wx`, as much of it as a booking mini-program needs, over what a browser has.

import { addDevice } from './device.js';
import { addDialogs } from './dialogs.js';
import { addLogin } from './login.js';
import { addNavigation } from './navigation.js';
import { addQueries } from './queries.js';
import { addRequest } from './request.js';
import { addSockets } from './socket.js';
import { addStorage, createStorage } from './storage.js';
import { addSubscribe } from './subscribe.js';

export function createWx(mp) {
  const all = {};
  const storage = createStorage(mp.person.prefix);
  addRequest(all, mp);
  addSockets(all, mp);
  addStorage(all, mp, storage);
  addLogin(all, mp, storage);
  addNavigation(all, mp);
  addDialogs(all, mp);
  addSubscribe(all, mp, storage);
  addQueries(all, mp);
  addDevice(all, mp);
  return new Proxy(all, {
    get(target, name) {
      if (!(name in target) && typeof name === 'string') mp.report('wx', `wx.${name} is not in the H5 build`);
      return target[name];
    },
  });
}
