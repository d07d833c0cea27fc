// Short messages that come and go, read out by screen readers.

import { byId, h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { NotDemoError } from '../lib/session.js';

const LIFE_MS = 6_000;
const TOASTS_MAX = 2;
const OFFERS = '.card[data-standing="offered"] :is(.card__stand, .card__actions)';

export class Toasts {
  constructor() {
    addEventListener('scroll', () => this.#stepAside(), { passive: true });
    addEventListener('resize', () => this.#stepAside());
  }

  good(text) {
    this.#show(text, 'good');
  }

  bad(text) {
    this.#show(text, 'bad');
  }

  /** Says what the server said, word for word where it said something. */
  failure(error) {
    if (error instanceof NotDemoError) return this.bad(t('board.not_demo'));
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
    this.#stepAside();
  }

  /** Toasts stand at the top or, where an offer's countdown and buttons are there, at the bottom. */
  #stepAside() {
    const place = byId('toasts');
    if (place.childElementCount === 0) return;
    place.classList.remove('toasts--low');
    const own = place.getBoundingClientRect();
    const covers = ({ top, bottom, left, right }) => top < own.bottom && bottom > own.top && left < own.right && right > own.left;
    const covered = [...document.querySelectorAll(OFFERS)].some((part) => part.checkVisibility() && covers(part.getBoundingClientRect()));
    place.classList.toggle('toasts--low', covered);
  }
}
