// Pull to refresh: by the finger, by the button in the navigation bar, or by the program itself.

import { h } from './dom.js';

const PULL_PX = 64;

export class PullDown {
  #from = null;
  #isBusy = false;

  constructor(page) {
    this.page = page;
    this.sign = h('h5-pull', { role: 'status' });
    page.frame.prepend(this.sign);
    const { element } = page;
    element.addEventListener('touchstart', (event) => this.#begin(event), { passive: true });
    element.addEventListener('touchmove', (event) => this.#move(event), { passive: true });
    for (const end of ['touchend', 'touchcancel']) element.addEventListener(end, () => this.#end(), { passive: true });
  }

  start() {
    this.sign.style.removeProperty('--pull');
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.sign.toggleAttribute('data-busy', true);
    this.sign.setAttribute('aria-label', '正在刷新');
    this.page.call('onPullDownRefresh');
  }

  stop() {
    this.#isBusy = false;
    this.sign.toggleAttribute('data-busy', false);
    this.sign.removeAttribute('aria-label');
  }

  #begin(event) {
    const isAtTop = this.page.element.scrollTop <= 0 && event.touches.length === 1;
    this.#from = isAtTop && !this.#isBusy ? event.touches[0].clientY : null;
  }

  #move(event) {
    if (this.#from === null) return;
    const pulled = Math.max(0, event.touches[0].clientY - this.#from);
    this.sign.style.setProperty('--pull', String(Math.min(1, pulled / PULL_PX)));
  }

  #end() {
    if (this.#from === null) return;
    this.#from = null;
    if (Number(this.sign.style.getPropertyValue('--pull')) >= 1) this.start();
    this.sign.style.removeProperty('--pull');
  }
}
