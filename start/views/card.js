// One class on the board. The card is built once and then only changed in place, so that the
// keyboard focus stays where it is while frames arrive.

import { countdown, timeAt, wallTime, offsetName } from '../lib/clock.js';
import { h, prefersCalm, setText, show } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { confirmBy, hasStarted, standing, whenText } from '../lib/schedules.js';
import { SeatNumbers, SeatRow } from './seats.js';

/** Which buttons belong to which standing; the first is the main one. */
const ACTIONS = {
  offered: ['accept', 'decline'],
  unpaid: ['pay', 'cancel'],
  unconfirmed: ['cancel'],
  booked: ['cancel'],
  waiting: ['leave'],
  bookable: ['book'],
  joinable: ['join'],
  queue_full: [],
  queue_closed: [],
  closed: [],
};
const MAIN_ACTIONS = ['book', 'join', 'accept', 'pay'];
const FLASH_MS = 900;
/** Longer than a smooth scroll takes. */
const SCROLL_MS = 900;
/** The top bar and the margin around a card that is scrolled to. */
const BAR_PX = 92;

export class Card {
  #parts;
  #seats = new SeatRow();
  #numbers = new SeatNumbers();
  #schedule = null;
  #actions = '';
  #busy = false;
  #note = '';
  #flash = 0;
  #settle = 0;
  #phase = '';
  #deadline = null;

  /** `act(name, schedule)` does what a button says and answers when it is done. */
  constructor({ id, act, clock, schedules }) {
    Object.assign(this, { act, clock, schedules });
    this.#build(id);
  }

  #build(id) {
    const part = (tag, name, attributes = {}) => h(tag, { class: `card__${name}`, ...attributes });
    const p = {
      time: part('p', 'time'),
      badge: part('span', 'badge'),
      title: part('h3', 'title', { id: `class-${id}`, tabindex: '-1' }),
      who: part('p', 'who'),
      race: part('p', 'race', { hidden: true }),
      queue: part('p', 'queue'),
      queueText: part('strong', 'queue-text'),
      cutoff: part('span', 'cutoff'),
      stand: part('div', 'stand', { hidden: true }),
      standText: part('p', 'stand-text'),
      timer: part('p', 'timer', { role: 'timer', hidden: true }),
      until: part('p', 'until', { hidden: true }),
      gauge: part('div', 'gauge', { hidden: true, 'aria-hidden': 'true' }),
      gaugeFill: part('div', 'gauge-fill'),
      note: part('p', 'note', { hidden: true }),
      actions: part('div', 'actions'),
    };
    p.gauge.append(p.gaugeFill);
    p.queue.append(p.queueText, ' ', p.cutoff);
    p.stand.append(p.standText, p.timer, p.gauge, p.until);
    const head = h('div', { class: 'card__head' }, p.time, p.badge);
    const room = h('div', { class: 'card__room' }, this.#seats.element, this.#numbers.element, p.race, p.queue);
    const article = h('article', { class: 'card', 'aria-labelledby': p.title.id }, head, p.title, p.who, room, p.note, p.stand, p.actions);
    this.#parts = p;
    this.article = article;
    this.element = h('li', { class: 'cards__item', 'data-schedule': id }, article);
  }

  update(schedule) {
    const before = this.#schedule;
    const now = this.clock.now();
    this.#schedule = schedule;
    this.#phase = phase(schedule, now);
    const where = standing(schedule, now);
    const fresh = where === 'offered' && before !== null && this.element.dataset.standing !== 'offered';
    if (before && changed(before, schedule)) this.#flashOnce();
    if (['offered', 'booked', 'unpaid', 'unconfirmed'].includes(where)) this.#note = '';
    // Read by tests and by anybody who looks with the developer tools.
    Object.assign(this.element.dataset, {
      version: `${schedule.epoch}.${schedule.version}`,
      standing: where,
      taken: schedule.seats_taken,
      offered: schedule.seats_offered,
      queue: schedule.waitlist?.length ?? 0,
    });
    this.#showHead(schedule, now);
    this.#seats.update(schedule);
    this.#numbers.update(schedule);
    this.#showQueue(schedule, now);
    this.#showStanding(schedule, where);
    this.#showActions(schedule, where, now);
    this.tick(now);
    // Only now is the card as tall as its offer makes it.
    if (fresh) this.reveal();
  }

  /** A line that stays until something newer is the visitor's own, such as a lost race. */
  note(text) {
    this.#note = text;
    this.#showNote();
  }

  /** Called every half second: the passing of time needs no word from the server. */
  tick(now) {
    if (this.#phase !== phase(this.#schedule, now)) return this.update(this.#schedule);
    if (!this.#deadline) return;
    const { until, from, over } = this.#deadline;
    const left = until - now;
    setText(this.#parts.timer, countdown(left));
    this.#parts.gaugeFill.style.width = `${Math.max(0, Math.min(100, (100 * left) / (until - from)))}%`;
    this.article.classList.toggle('card--hurry', left < 60_000);
    if (left <= 0 && over) setText(this.#parts.until, over);
  }

  reveal() {
    this.#flashOnce();
    this.#bringIntoView(prefersCalm() ? 'auto' : 'smooth');
    clearTimeout(this.#settle);
    // What is above may have grown while the page scrolled, such as the activity on a phone.
    this.#settle = setTimeout(() => this.#bringIntoView('auto'), SCROLL_MS);
  }

  /** All of the card, or its buttons where it is taller than the window. */
  #bringIntoView(behavior) {
    const room = innerHeight - BAR_PX;
    const fits = this.element.offsetHeight <= room;
    (fits ? this.element : this.#parts.actions).scrollIntoView({ block: 'nearest', behavior });
  }

  #showHead(schedule, now) {
    const p = this.#parts;
    const open = ['available', 'pending', 'booked'].includes(schedule.availability);
    const state = open && hasStarted(schedule, now) ? 'started' : schedule.availability;
    const ends = schedule.ends_at ? `–${wallTime(schedule.ends_at)}` : '';
    setText(p.time, whenText(schedule, this.schedules.today) + ends);
    setText(p.badge, t(`availability.${state}`));
    p.badge.dataset.tone = state;
    setText(p.title, schedule.course_name);
    const price = schedule.price_fen > 0 ? t('card.price', { yuan: yuan(schedule.price_fen) }) : null;
    setText(p.who, [schedule.teacher_name || t('card.no_teacher'), schedule.location, price].filter(Boolean).join(' · '));
  }

  #showQueue(schedule, now) {
    const p = this.#parts;
    show(p.race, schedule.seats_offered > 0);
    setText(p.race, t('card.race', { count: schedule.seats_offered }));
    const { length = 0, capacity = 0, open = false } = schedule.waitlist ?? {};
    setText(p.queueText, t('card.queue', { length, capacity }));
    const cutoff = schedule.cutoff_at && now < Date.parse(schedule.cutoff_at);
    setText(p.cutoff, open && cutoff ? t('card.cutoff', { time: wallTime(schedule.cutoff_at) }) : t('card.cutoff_past'));
  }

  #showStanding(schedule, where) {
    const p = this.#parts;
    const { offer, waitlist_entry: entry, booking, hold } = schedule.mine ?? {};
    const text = {
      offered: () => t(`standing.offered.${offer.stage}`),
      waiting: () => t('standing.waiting', { position: entry.position }),
    }[where] ?? (() => ['booked', 'unconfirmed', 'unpaid', 'queue_full', 'queue_closed'].includes(where) ? t(`standing.${where}`) : hold ? t('standing.hold') : '');
    setText(p.standText, text());
    show(p.stand, p.standText.textContent !== '');
    this.article.dataset.standing = where;
    if (where === 'offered') this.#countOffer(offer);
    else if (where === 'unpaid' && booking.pay_deadline) this.#countTo(booking.pay_deadline, '');
    else if (hold?.expires_at && where === 'bookable') this.#countTo(hold.expires_at, '');
    else this.#deadline = null;
    for (const timed of [p.timer, p.gauge]) show(timed, this.#deadline !== null);
    show(p.until, where === 'offered');
    if (!this.#deadline) this.article.classList.remove('card--hurry');
    this.#showNote();
  }

  #countOffer(offer) {
    const until = confirmBy(offer);
    const late = until > Date.parse(offer.deadline);
    const time = timeAt(until, offsetName(offer.deadline)).slice(0, 8);
    setText(this.#parts.until, t(late ? 'standing.offered.protected' : 'standing.offered.until', { time }));
    this.#deadline = { until, from: Date.parse(offer.sent_at), over: t('standing.offered.over') };
  }

  #countTo(instant, over) {
    const until = Date.parse(instant);
    this.#deadline = { until, from: until - 5 * 60_000, over };
  }

  #showNote() {
    show(this.#parts.note, this.#note !== '');
    setText(this.#parts.note, this.#note);
  }

  #showActions(schedule, where, now) {
    const names = [...ACTIONS[where]];
    // A seat that went public is open to those who wait as well; booking it ends their waiting.
    if (where === 'waiting' && schedule.seats_left > 0 && !hasStarted(schedule, now)) names.unshift('book');
    if (hasStarted(schedule, now)) names.length = 0;
    const wanted = names.join();
    const { actions } = this.#parts;
    if (wanted !== this.#actions) {
      const focused = actions.contains(document.activeElement);
      this.#actions = wanted;
      actions.replaceChildren(...names.map((name) => this.#button(name)));
      if (focused) (actions.firstElementChild ?? this.#parts.title).focus();
    }
    for (const button of actions.children) setText(button, t(`action.${button.dataset.action}`));
    this.#markBusy();
  }

  #button(name) {
    const look = name === 'accept' ? 'button--hot' : MAIN_ACTIONS.includes(name) ? 'button--primary' : '';
    return h('button', {
      type: 'button',
      class: `button ${look}`,
      'data-action': name,
      'aria-describedby': this.#parts.title.id,
      onclick: () => this.#run(name),
    });
  }

  async #run(name) {
    if (this.#busy) return;
    this.#busy = true;
    this.note('');
    this.#markBusy();
    try {
      await this.act(name, this.#schedule);
    } finally {
      this.#busy = false;
      this.#markBusy();
    }
  }

  /** `aria-disabled` and not `disabled`: a disabled button would lose the focus. */
  #markBusy() {
    for (const button of this.#parts.actions.children) button.setAttribute('aria-disabled', String(this.#busy));
  }

  #flashOnce() {
    clearTimeout(this.#flash);
    this.article.classList.add('card--changed');
    this.#flash = setTimeout(() => this.article.classList.remove('card--changed'), FLASH_MS);
  }
}

/** Whether anything that everybody can see is different. */
function changed(a, b) {
  return ['seats_taken', 'seats_held', 'seats_offered', 'capacity', 'availability'].some((name) => a[name] !== b[name])
    || a.waitlist?.length !== b.waitlist?.length;
}

/** What the passing of time alone changes: a class that starts, a queue that closes. */
function phase(schedule, now) {
  const closed = schedule.cutoff_at !== undefined && now >= Date.parse(schedule.cutoff_at);
  return `${hasStarted(schedule, now)} ${closed}`;
}

function yuan(fen) {
  return (fen / 100).toFixed(fen % 100 === 0 ? 0 : 2);
}
