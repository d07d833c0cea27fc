// Boots a compiled mini-program in a browser's window (or jsdom's) on glass-easel.

import * as glassEasel from 'glass-easel';
import { registerBuiltins } from './builtin/index.js';
import { Chrome } from './chrome.js';
import { createFramework } from './framework.js';
import { Layers } from './layers.js';
import { Lifecycle } from './lifecycle.js';
import { Modules } from './modules.js';
import { Person } from './person.js';
import { addProblems } from './problems.js';
import { Router } from './router.js';
import { Taps } from './taps.js';
import { Theme } from './theme.js';
import { createWx } from './wx/index.js';

/**
 * Everything of one running mini-program; `window.__mp` for tests and the console.
 *
 * Tests set `window.__mpHeld` first, and then start what they want to see themselves.
 */
export function boot({ config, modules, templates }) {
  const mp = { config, glassEasel, root: document.getElementById('app') };
  window.__mp = mp;
  addProblems(mp);
  mp.person = new Person(location.search);
  mp.taps = new Taps(mp);
  mp.theme = new Theme(mp);
  Object.assign(mp, createFramework(mp));
  mp.lifecycle = new Lifecycle(mp);
  mp.layers = new Layers(mp);
  mp.chrome = new Chrome(mp);
  mp.router = new Router(mp);
  mp.wx = createWx(mp);
  mp.modules = new Modules(mp, modules, templates);
  registerBuiltins(mp);
  mp.start = () => {
    mp.modules.loadApp();
    mp.chrome.attach();
    mp.router.start();
  };
  if (!window.__mpHeld) mp.start();
}
