// Light and dark: theme.json's names stand for colours, and the browser says which apply.

export class Theme {
  #listeners = new Set();

  constructor(mp) {
    this.mp = mp;
    /** Without `"darkmode": true` in app.json a mini-program is always light. */
    this.isAdaptive = mp.config.app.darkmode === true;
    this.query = window.matchMedia?.('(prefers-color-scheme: dark)') ?? null;
    document.documentElement.toggleAttribute('data-darkmode', this.isAdaptive);
    this.query?.addEventListener?.('change', () => this.#changed());
  }

  get now() {
    return this.isAdaptive && this.query?.matches ? 'dark' : 'light';
  }

  /** The value behind `@name`, or the value itself. */
  resolve(value) {
    if (typeof value !== 'string' || !value.startsWith('@')) return value;
    const found = this.mp.config.theme?.[this.now]?.[value.slice(1)];
    if (found === undefined) this.mp.report('theme', `theme.json has no ${value} for ${this.now}`);
    return found;
  }

  listen(listener) {
    this.#listeners.add(listener);
  }

  forget(listener) {
    if (listener) this.#listeners.delete(listener);
    else this.#listeners.clear();
  }

  #changed() {
    if (!this.isAdaptive) return;
    this.mp.chrome.update();
    for (const listener of [...this.#listeners]) listener({ theme: this.now });
  }
}
