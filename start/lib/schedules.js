// What the page knows of the classes, and what a visitor can do with one.

import { wallDate, wallTime } from './clock.js';
import { t } from './i18n.js';

/** The newest known state per class. Old news, arriving late or by another way, changes nothing. */
export class Schedules {
  #known = new Map();
  /** The date at the academy; a class of another date is shown with it. */
  today = '';

  get(id) {
    return this.#known.get(id);
  }

  all() {
    return [...this.#known.values()].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at) || (a.id < b.id ? -1 : 1));
  }

  clear() {
    this.#known.clear();
  }

  /** Replaces the list of classes; says which ids came and which went. */
  list(items) {
    const ids = new Set(items.map((item) => item.id));
    const gone = [...this.#known.keys()].filter((id) => !ids.has(id));
    const came = items.map((item) => item.id).filter((id) => !this.#known.has(id));
    for (const id of gone) this.#known.delete(id);
    for (const item of items) {
      if (!this.apply(item.id, item)) Object.assign(this.#known.get(item.id), onlyInList(item));
    }
    return { came, gone };
  }

  /** Takes a snapshot or frame in; false when something newer is known. */
  apply(id, data) {
    const known = this.#known.get(id);
    if (known && isOlder(data, known)) return false;
    this.#known.set(id, { ...known, ...data, id });
    return true;
  }
}

/** The list alone names the teacher and the place. */
function onlyInList({ teacher_name, location }) {
  return { teacher_name, location };
}

export function isOlder(a, b) {
  return a.epoch !== b.epoch ? a.epoch < b.epoch : a.version < b.version;
}

/**
 * Where the visitor stands with a class, as one word. What is theirs comes before what is open to
 * everybody: an offer, then a booking, then a place in the queue.
 */
export function standing(schedule, now) {
  const { booking, waitlist_entry: entry, offer } = schedule.mine ?? {};
  if (entry && offer) return 'offered';
  if (booking) return booking.payment_status === 'unpaid' ? 'unpaid' : booking.status === 'pending' ? 'unconfirmed' : 'booked';
  if (entry) return 'waiting';
  if (isClosed(schedule, now)) return 'closed';
  if (schedule.seats_left > 0) return 'bookable';
  if (!schedule.waitlist?.open) return 'queue_closed';
  return schedule.waitlist.length >= schedule.waitlist.capacity ? 'queue_full' : 'joinable';
}

/** When a class begins, as people say it: the date only where it is not today's. */
export function whenText(schedule, today, otherDay = 'day.tomorrow') {
  const date = wallDate(schedule.starts_at);
  const time = wallTime(schedule.starts_at);
  return !today || date === today ? time : t(otherDay, { date: date.slice(5), time });
}

export function hasEnded(schedule, now) {
  return now >= Date.parse(schedule.ends_at ?? schedule.starts_at);
}

export function hasStarted(schedule, now) {
  return now >= Date.parse(schedule.starts_at);
}

export function isClosed(schedule, now) {
  return ['blocked', 'completed', 'revoked'].includes(schedule.availability) || hasStarted(schedule, now);
}

/** The last instant at which the visitor's offer can be confirmed: beginning in time protects. */
export function confirmBy(offer) {
  const deadline = Date.parse(offer.deadline);
  const protectedUntil = offer.begun_at ? Date.parse(offer.begun_at) + 5 * 60_000 : 0;
  return Math.max(deadline, protectedUntil);
}
