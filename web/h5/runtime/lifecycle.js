// The program's own life: launch, background and foreground.

import { parseQuery } from './paths.js';

/** A device suspends a program in the background and drops its sockets after so long. */
const SUSPEND_MS = 5000;

export class Lifecycle {
  #suspend = null;
  #shown = new Set();
  #hidden = new Set();

  constructor(mp) {
    this.mp = mp;
    this.options = { path: '', query: {}, scene: 1001, referrerInfo: {} };
    this.isInBackground = false;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.background() : this.foreground()));
  }

  launch({ path, search }) {
    this.launched = this.#options(path, search);
    this.options = this.launched;
    this.#app('onLaunch', this.options);
    this.#app('onShow', this.options);
  }

  /** Somebody came in by another way: a link, a message. */
  enter({ path, search }) {
    this.options = this.#options(path, search);
    this.#app('onShow', this.options);
  }

  background() {
    if (this.isInBackground) return;
    this.isInBackground = true;
    this.mp.router.current?.pause();
    this.#app('onHide');
    for (const listener of [...this.#hidden]) listener({});
    this.#suspend = setTimeout(() => this.mp.sockets.interrupt(), SUSPEND_MS);
  }

  foreground() {
    if (!this.isInBackground) return;
    this.isInBackground = false;
    clearTimeout(this.#suspend);
    this.#app('onShow', this.options);
    for (const listener of [...this.#shown]) listener(this.options);
    this.mp.router.current?.resume();
  }

  listen(name, listener) {
    (name === 'show' ? this.#shown : this.#hidden).add(listener);
  }

  forget(name, listener) {
    const listeners = name === 'show' ? this.#shown : this.#hidden;
    if (listener) listeners.delete(listener);
    else listeners.clear();
  }

  #options(path, search) {
    return { path, query: parseQuery(search), scene: 1001, referrerInfo: {} };
  }

  #app(method, ...args) {
    const { app } = this.mp.modules;
    if (typeof app[method] === 'function') this.mp.glassEasel.safeCallback(method, app[method], app, args);
  }
}
