// What happened to the visitor: the events of the topic `me`, newest first.

import { offsetName, timeAt } from '../lib/clock.js';
import { byId, h, setText } from '../lib/dom.js';
import { lookUp, t } from '../lib/i18n.js';

const LINES_MAX = 40;
const GOOD = ['booking', 'booking_confirmed', 'seat_offered'];
const BAD = ['offer_lost', 'offer_skipped', 'offer_lapsed', 'offer_withdrawn', 'booking_cancelled'];

export class ActivityLog {
  #lines = [];
  #seen = new Set();

  constructor({ schedules }) {
    this.schedules = schedules;
  }

  /** Takes an event in once, however often it is delivered; false when it is known. */
  add(message) {
    if (message.id !== undefined && this.#seen.has(message.id)) return false;
    this.#seen.add(message.id);
    const course = this.schedules.get(message.data?.schedule_id)?.course_name ?? message.data?.course_name ?? '';
    this.#lines.unshift({ message, course });
    this.#lines.length = Math.min(this.#lines.length, LINES_MAX);
    this.relabel();
    return true;
  }

  clear() {
    this.#lines = [];
    this.#seen.clear();
    this.relabel();
  }

  relabel() {
    byId('log-empty').hidden = this.#lines.length > 0;
    byId('log').hidden = this.#lines.length === 0;
    byId('log').replaceChildren(...this.#lines.map(line));
  }
}

function line({ message, course }) {
  const element = h(
    'li',
    { class: 'log__line', 'data-event': message.event },
    h('time', { class: 'log__time', datetime: message.server_time }),
    h('span', { class: 'log__text' }, describe(message), course ? h('span', { class: 'log__course' }, ` ${course}`) : null),
  );
  setText(element.firstChild, timeAt(Date.parse(message.server_time), offsetName(message.server_time)));
  if (GOOD.includes(message.event)) element.dataset.tone = 'good';
  if (BAD.includes(message.event) || message.data?.status === 'cancelled') element.dataset.tone = 'bad';
  return element;
}

/** An event in words; one this page does not know yet is shown by its title or name. */
export function describe({ event, data = {}, server_time: at }) {
  if (event === 'booking') return lookUp(`event.booking.${data?.status}`) ?? t('event.booking.confirmed');
  const deadline = Date.parse(data?.deadline);
  const values = {
    position: data?.position,
    // To the second, as on the card.
    time: deadline ? timeAt(deadline, offsetName(data.deadline)) : '',
    left: deadline ? span(deadline - Date.parse(at)) : '',
  };
  return lookUp(`event.${event}.${data?.reason}`) ?? lookUp(`event.${event}`, values) ?? data?.title ?? event;
}

function span(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  return minutes >= 1 ? t('span.minutes', { count: minutes }) : t('span.seconds', { count: Math.max(0, Math.round(milliseconds / 1000)) });
}
