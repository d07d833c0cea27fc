// What keeps the page from showing anything, and what to do about it.

import { byId, h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

export class Notice {
  #shown = null;

  /** `kind` is `empty`, `away` or `failed`; `retry` is what its button does. */
  show(kind, retry, detail) {
    this.#shown = { kind, retry, detail };
    this.relabel();
  }

  clear() {
    this.#shown = null;
    this.relabel();
  }

  relabel() {
    if (!this.#shown) return byId('notice').replaceChildren();
    const { kind, retry, detail } = this.#shown;
    const text = h('p', {}, t(`notice.${kind}.text`));
    const button = h('button', { type: 'button', class: 'button', onclick: retry }, t('notice.retry'));
    const title = h('p', { class: 'notice__title' }, t(`notice.${kind}`));
    const told = kind === 'failed' && detail ? h('p', { class: 'hint' }, detail) : null;
    const box = h('div', { class: `notice ${kind === 'empty' ? 'notice--calm' : 'notice--bad'}`, role: 'alert' }, title, text, told, button);
    byId('notice').replaceChildren(box);
  }
}
