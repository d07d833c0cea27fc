// Logging in: the code is one that the server takes in its demo mode only.

import { define } from './api.js';

export function addLogin(wx, mp, storage) {
  define(wx, 'login', () => {
    const code = mp.person.loginCode(storage);
    if (code === null) throw new Error('no person was chosen: open the page with ?person=, or set the storage key demo-person');
    return { code };
  });
  define(wx, 'checkSession', () => {
    if (mp.person.loginCode(storage) === null) throw new Error('session is invalid');
  });
  wx.getAccountInfoSync = () => ({ miniProgram: { appId: 'h5', envVersion: 'h5', version: '' } });
}
