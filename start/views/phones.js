// The two phones: each a mini-program of its own person, or the way to it where two have no room.

import { byId, h, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { standing } from '../lib/schedules.js';

/** From this width on two phones stand side by side. */
const ROOM = matchMedia('(min-width: 780px)');

export class Phones {
  #people = [];
  #schedule = null;
  #states = [];
  #lines = [];

  constructor() {
    ROOM.addEventListener('change', () => this.#draw());
  }

  /** Opens a class on the phones of these people. */
  show(people, schedule) {
    this.#people = people;
    this.#schedule = schedule;
    this.#states = [];
    this.#draw();
  }

  /** How the class stands for each of them. */
  stand(states, now) {
    this.#states = states.map((state) => words(state, now));
    this.#tell();
  }

  relabel() {
    for (const [i, person] of this.#people.entries()) {
      const phone = byId('phones').children[i];
      const title = t('phones.title', { name: person.name });
      phone?.querySelector('iframe')?.setAttribute('title', title);
      if (!ROOM.matches && phone) setText(phone.querySelector('a'), title);
    }
    this.#tell();
  }

  #draw() {
    this.#lines = this.#people.map(() => h('span', { class: 'phone__state', role: 'status' }));
    const phones = this.#people.map((person, i) => {
      const address = `/m/?${new URLSearchParams({ person: person.name })}#/pages/schedules/detail?id=${encodeURIComponent(this.#schedule)}`;
      const name = h('a', { class: 'phone__name', href: address, target: '_blank', rel: 'noopener' }, ROOM.matches ? person.name : t('phones.title', { name: person.name }));
      const screen = ROOM.matches ? h('iframe', { class: 'phone__screen', src: address, title: t('phones.title', { name: person.name }) }) : null;
      return h('figure', { class: 'phone' }, h('figcaption', { class: 'phone__head' }, name, this.#lines[i]), screen);
    });
    byId('phones').replaceChildren(...phones);
    this.#tell();
  }

  #tell() {
    for (const [i, line] of this.#lines.entries()) {
      const { key, values, tone } = this.#states[i] ?? {};
      setText(line, key ? t(key, values) : '');
      line.dataset.tone = tone ?? '';
    }
  }
}

function words(state, now) {
  const stand = standing(state, now);
  const position = state.mine?.waitlist_entry?.position;
  const tone = { offered: 'hot', booked: 'good', unpaid: 'hot', waiting: 'held' }[stand];
  return { key: `stand.${stand}`, values: { position }, tone };
}
