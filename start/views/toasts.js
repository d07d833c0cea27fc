// Short messages that come and go, read out by screen readers.

import { byId, h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

const LIFE_MS = 6_000;
const TOASTS_MAX = 2;

export class Toasts {
  good(text) {
    this.#show(text, 'good');
  }

  bad(text) {
    this.#show(text, 'bad');
  }

  /** Says what the server said, word for word where it said something. */
  failure(error) {
    if (error.unreachable) return this.bad(t('error.unreachable'));
    return this.bad(error.status === undefined ? String(error.message) : error.message || t('error.unknown', { status: error.status }));
  }

  #show(text, tone) {
    const place = byId('toasts');
    const close = h('button', { type: 'button', class: 'toast__close', 'aria-label': t('toast.close') }, '×');
    const toast = h('div', { class: `toast toast--${tone}` }, h('span', { class: 'toast__text' }, text), close);
    const remove = () => toast.remove();
    let timer = setTimeout(remove, LIFE_MS);
    close.addEventListener('click', remove);
    // Who is reading it, or about to close it, is given the time.
    for (const name of ['mouseenter', 'focusin']) toast.addEventListener(name, () => clearTimeout(timer));
    for (const name of ['mouseleave', 'focusout']) {
      toast.addEventListener(name, () => {
        timer = setTimeout(remove, LIFE_MS);
      });
    }
    place.append(toast);
    while (place.children.length > TOASTS_MAX) place.firstElementChild.remove();
  }
}
