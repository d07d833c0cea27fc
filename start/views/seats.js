// A class's seats as a row: one mark per seat, or one bar where marks would be too small.

import { h, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

const MARKS_MAX = 48;
const KINDS = ['taken', 'held', 'offered', 'free'];

export class SeatRow {
  #marks = [];
  #bars = null;

  constructor() {
    this.element = h('div', { class: 'seats', role: 'img' });
  }

  update(schedule) {
    const counts = {
      taken: schedule.seats_taken,
      held: schedule.seats_held,
      offered: schedule.seats_offered,
      free: schedule.seats_left,
    };
    this.element.setAttribute('aria-label', t('seats.label', { capacity: schedule.capacity, ...counts, left: counts.free }));
    if (schedule.capacity <= MARKS_MAX) this.#showMarks(counts, Boolean(schedule.mine?.booking));
    else this.#showBars(counts, schedule.capacity);
  }

  #showMarks(counts, mine) {
    const kinds = KINDS.flatMap((kind) => Array(Math.max(0, counts[kind])).fill(kind));
    this.element.classList.remove('seats--bar');
    if (this.#marks.length !== kinds.length || this.#bars) {
      this.#bars = null;
      this.#marks = kinds.map(() => h('span', { class: 'seat' }));
      this.element.replaceChildren(...this.#marks);
    }
    kinds.forEach((kind, i) => {
      // The visitor's own seat stands first, so that it never wanders.
      const name = `seat seat--${kind}${mine && i === 0 && kind === 'taken' ? ' seat--mine' : ''}`;
      if (this.#marks[i].className !== name) this.#marks[i].className = name;
    });
  }

  #showBars(counts, capacity) {
    this.element.classList.add('seats--bar');
    if (!this.#bars) {
      this.#bars = KINDS.map((kind) => h('span', { class: `seats__part seat--${kind}` }));
      this.element.replaceChildren(...this.#bars);
    }
    KINDS.forEach((kind, i) => {
      this.#bars[i].style.width = `${(100 * counts[kind]) / capacity}%`;
    });
  }
}

/** The same in numbers; kinds with nothing in them are left out, but never "taken" and "free". */
export class SeatNumbers {
  #parts = new Map();

  constructor() {
    this.element = h('p', { class: 'numbers' });
    for (const kind of KINDS) {
      const number = h('strong', { class: 'numbers__value' });
      const word = h('span', { class: 'numbers__word' });
      const part = h('span', { class: `numbers__part numbers__part--${kind}` }, number, ' ', word);
      this.#parts.set(kind, { part, number, word });
      this.element.append(part);
    }
  }

  update(schedule) {
    this.#set('taken', `${schedule.seats_taken}/${schedule.capacity}`, true);
    this.#set('held', schedule.seats_held, schedule.seats_held > 0);
    this.#set('offered', schedule.seats_offered, schedule.seats_offered > 0);
    this.#set('free', schedule.seats_left, true);
  }

  #set(kind, value, visible) {
    const { part, number, word } = this.#parts.get(kind);
    part.hidden = !visible;
    setText(number, String(value));
    setText(word, t(`seat.${kind}`));
  }
}
