// A school that a test makes: its courses, its classes and the people in them, on a clock that the
// test moves. Everything goes through the API.

import { Person } from './server.mjs';

const ZONE = '+08:00';
/** Where a test's first day begins; each class of a worked example has a day of its own. */
export const FIRST_DAY = '2025-11-12';

export class School {
  #base;
  #people = new Map();
  #course = null;
  #strangers = 0;

  static async open(base) {
    const school = new School();
    school.#base = base;
    school.date = FIRST_DAY;
    school.admin = await Person.logIn(base, 'root', 'admin');
    return school;
  }

  /** `12:45` or `12:45:30` of the test's day, as an instant. */
  instant(time, date = this.date) {
    const seconds = time.length === 5 ? `${time}:00` : time;
    return `${date}T${seconds.includes('.') ? seconds : `${seconds}.000`}${ZONE}`;
  }

  /** Moves the clock; every deadline on the way has been handled when this returns. */
  at(time) {
    this.now = this.instant(time);
    return this.admin.call('PUT', '/dev/clock', { now: this.now });
  }

  /** The next day at noon, with classes to come of its own. */
  async newDay(time = '12:00') {
    this.date = addDays(this.date, 1);
    await this.at(time);
  }

  async person(name, role = 'student') {
    const known = `${role}:${name}`;
    if (!this.#people.has(known)) this.#people.set(known, await Person.logIn(this.#base, name, role));
    return this.#people.get(known);
  }

  async course(body) {
    const { id } = await this.admin.call('POST', '/courses', { name: '书法', kind: 1, duration_min: 120, ...body });
    return id;
  }

  /** A class, by default at 19:00 of the test's day, in which all seats but `free` are taken, and `queue` waits. */
  async lesson({ starts = '19:00', date = this.date, capacity = 2, free = 0, queue = [], course, ...body } = {}) {
    this.#course ??= await this.course();
    const starts_at = starts.includes('T') ? starts : this.instant(starts, date);
    const { id } = await this.admin.call('POST', '/schedules', { course_id: course ?? this.#course, starts_at, capacity, ...body });
    const lesson = new Lesson(this, id);
    for (let taken = 0; taken < capacity - free; taken += 1) {
      this.#strangers += 1;
      await lesson.book(await this.person(`学员${this.#strangers}`));
    }
    for (const name of queue) await lesson.join(name);
    return lesson;
  }
}

/** One class of the school. */
export class Lesson {
  #school;
  /** Who has a seat, with the booking. */
  holders = [];
  /** Places in line by name. */
  entries = {};

  constructor(school, id) {
    this.#school = school;
    this.id = id;
  }

  async book(person) {
    const booking = await person.call('POST', '/bookings', { schedule_id: this.id });
    this.holders.push({ person, booking });
    return booking;
  }

  async join(name) {
    const person = await this.#school.person(name);
    const { waitlist_id: id } = await person.call('POST', '/waitlist/join', { course_schedule_id: this.id });
    this.entries[name] = id;
    return id;
  }

  /** Somebody gives a seat back. */
  async free() {
    const { person, booking } = this.holders.shift();
    await person.call('PUT', `/bookings/${booking.id}/cancel`, {});
  }

  /** How the class stands, for a person. */
  async state(name) {
    const person = name ? await this.#school.person(name) : this.#school.admin;
    return person.call('GET', `/schedules/${this.id}`);
  }

  /** Answers the current offer by the API, as a rival would. */
  async respond(name, action = 'accept', offer = undefined) {
    const person = await this.#school.person(name);
    return person.call('PUT', `/waitlist/${this.entries[name]}/respond`, { action, offer_id: offer });
  }

  /** Somebody reads the confirmation: the flow is recorded. */
  async begin(name) {
    const person = await this.#school.person(name);
    return person.call('POST', `/waitlist/${this.entries[name]}/begin`, {});
  }
}

export function addDays(date, days) {
  const moved = new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000);
  return moved.toISOString().slice(0, 10);
}
