// What the page knows of the classes, and how one stands for somebody.

import { dayAfter, wallDate, wallTime } from './clock.js';
import { t } from './i18n.js';

/** With fewer classes still to begin today, tomorrow's are offered as well. */
const FEW = 6;

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

  /** Asks for what of today is not over yet, and for tomorrow's classes when today has few to come. */
  async load(api, clock) {
    const today = await day(api);
    for (const item of today.items) if (item.server_time) clock.observe(item.server_time);
    const now = clock.now();
    const items = today.items.filter((item) => !hasStarted(item, now));
    if (items.length < FEW) items.push(...(await day(api, dayAfter(today.date))).items);
    this.today = today.date;
    this.list(items);
    return items;
  }

  /** Replaces the list of classes. */
  list(items) {
    const ids = new Set(items.map((item) => item.id));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
    for (const item of items) this.apply(item.id, item);
  }

  /** Takes a snapshot or frame in; false when something newer is known. */
  apply(id, data) {
    const known = this.#known.get(id);
    if (known && isOlder(data, known)) return false;
    this.#known.set(id, { ...known, ...data, id });
    return true;
  }
}

/** All classes of a date, however many pages they are; of today without one. */
async function day(api, date) {
  const items = [];
  for (let page = 1; ; page += 1) {
    const query = new URLSearchParams({ ...(date ? { date } : {}), ...(page > 1 ? { page } : {}) }).toString();
    const { data } = await api.get(query ? `/slots?${query}` : '/slots');
    items.push(...data.items);
    if (data.items.length === 0 || items.length >= (data.total ?? 0)) return { date: data.date, items };
  }
}

function isOlder(a, b) {
  return a.epoch !== b.epoch ? a.epoch < b.epoch : a.version < b.version;
}

/**
 * Where a student stands with a class, as one word. What is theirs comes before what is open to
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

export function hasStarted(schedule, now) {
  return now >= Date.parse(schedule.starts_at);
}

export function isClosed(schedule, now) {
  return ['blocked', 'completed', 'revoked'].includes(schedule.availability) || hasStarted(schedule, now);
}
