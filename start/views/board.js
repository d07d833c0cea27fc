// The next classes: loads the list, keeps one subscription per class, says so when there is
// nothing to show.

import { ApiError } from '../lib/api.js';
import { dateAt, dayAfter, offsetName } from '../lib/clock.js';
import { byId, h, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { NotDemoError } from '../lib/session.js';
import { hasEnded, hasStarted, isOlder } from '../lib/schedules.js';
import { Card } from './card.js';

const TICK_MS = 500;
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 15_000;
const EMPTY_MS = 60_000;
/** With fewer classes still to begin today, tomorrow's are shown as well. */
const FEW = 6;

export class Board {
  #cards = new Map();
  #changed = new Set();
  #drawing = false;
  #problem = null;
  #failures = 0;
  #retry = 0;
  #loads = 0;
  #loading = false;
  #stale = false;

  /** `onList()` is called whenever classes came, went or changed. */
  constructor({ api, socket, schedules, clock, act, onList }) {
    Object.assign(this, { api, socket, schedules, clock, act, onList });
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** Loads the next classes; on trouble says which and, where that can help, tries again. */
  async load() {
    clearTimeout(this.#retry);
    this.#loads += 1;
    const load = this.#loads;
    this.#loading = true;
    byId('cards').setAttribute('aria-busy', 'true');
    try {
      const next = await this.#next();
      if (load !== this.#loads) return;
      this.#failures = 0;
      this.#problem = null;
      document.documentElement.dataset.demo = 'yes';
      this.#list(next);
      if (next.items.length === 0) this.#retry = setTimeout(() => this.load(), EMPTY_MS);
      this.socket.start();
    } catch (error) {
      if (load === this.#loads) this.#failed(error);
    } finally {
      if (load === this.#loads) this.#loading = false;
      byId('cards').setAttribute('aria-busy', 'false');
    }
  }

  /** What of today is not over yet, and tomorrow's classes when today has few to come. */
  async #next() {
    const today = await this.#day();
    for (const item of today.items) if (item.server_time) this.clock.observe(item.server_time);
    const now = this.clock.now();
    const items = today.items.filter((item) => !hasEnded(item, now));
    const tomorrow = () => this.#day(dayAfter(today.date));
    if (items.filter((item) => !hasStarted(item, now)).length < FEW) items.push(...(await tomorrow()).items);
    return { date: today.date, items };
  }

  /** All classes of a date, however many pages they are; of today without one. */
  async #day(date) {
    const items = [];
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({ ...(date ? { date } : {}), ...(page > 1 ? { page } : {}) }).toString();
      const { data } = await this.api.get(query ? `/slots?${query}` : '/slots');
      items.push(...data.items);
      if (data.items.length === 0 || items.length >= (data.total ?? 0)) return { date: data.date, items };
    }
  }

  /** Starts over, as another student sees it. */
  async reset() {
    this.#loads += 1;
    for (const id of this.#cards.keys()) this.socket.unsubscribe(`schedule:${id}`);
    this.#cards.clear();
    this.schedules.clear();
    byId('cards').replaceChildren();
    await this.load();
  }

  async refresh(id) {
    const { data } = await this.api.get(`/schedules/${encodeURIComponent(id)}`);
    this.#take(id, data);
  }

  card(id) {
    return this.#cards.get(id);
  }

  connected(live) {
    this.#stale = !live;
    this.#notice();
  }

  relabel() {
    for (const [id, card] of this.#cards) card.update(this.schedules.get(id));
    this.#showDate();
    this.#notice();
  }

  #list({ date, items }) {
    this.schedules.today = date;
    const { came, gone } = this.schedules.list(items);
    for (const id of gone) {
      this.socket.unsubscribe(`schedule:${id}`);
      this.#cards.delete(id);
    }
    for (const id of came) {
      this.#cards.set(id, new Card({ id, act: this.act, clock: this.clock, schedules: this.schedules }));
      this.socket.subscribe(`schedule:${id}`, (message) => this.#hear(id, message));
    }
    const elements = this.schedules.all().map(({ id }) => this.#cards.get(id).element);
    byId('cards').replaceChildren(...elements);
    this.relabel();
    this.onList();
  }

  #hear(id, message) {
    if (message.type === 'error') {
      this.load();
      return;
    }
    const { epoch, version, data } = message;
    if (!data) return;
    const known = this.schedules.get(id);
    // The envelope's pair is the one that orders; a frame never carries what is known already.
    if (known && isOlder({ epoch, version }, known)) return;
    this.#take(id, { ...data, epoch, version });
  }

  #take(id, data) {
    if (!this.#cards.has(id) || !this.schedules.apply(id, data)) return;
    this.#changed.add(id);
    if (this.#drawing) return;
    this.#drawing = true;
    // A rush brings many frames at once: each screen refresh draws only the newest.
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = false;
    for (const id of this.#changed) this.#cards.get(id)?.update(this.schedules.get(id));
    this.#changed.clear();
    this.onList();
  }

  #tick() {
    const now = this.clock.now();
    for (const card of this.#cards.values()) card.tick(now);
    const zone = this.#zone();
    if (!zone || this.#problem !== null || this.#loading) return;
    const over = this.schedules.all().some((schedule) => hasEnded(schedule, now));
    if (over || dateAt(now, zone) !== this.schedules.today) this.load();
  }

  #zone() {
    const first = this.schedules.all()[0];
    return first ? offsetName(first.starts_at) : '';
  }

  #showDate() {
    const zone = this.#zone();
    setText(byId('board-date'), zone ? t('board.date', { date: this.schedules.today, zone }) : '');
  }

  #failed(error) {
    this.#problem = error;
    this.#notice();
    const root = document.documentElement;
    // A board that was there stays while its server is away.
    if (error instanceof NotDemoError || root.dataset.demo === 'unknown') root.dataset.demo = 'no';
    if (error instanceof NotDemoError) {
      this.socket.stop();
      return;
    }
    const pause = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.load(), pause);
  }

  #notice() {
    const place = byId('board-notice');
    const words = this.#words();
    // Unchanged words are not said again to a screen reader.
    const key = words ? words.title + (words.text ?? '') : '';
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    place.replaceChildren(...(words ? [notice(words)] : []));
  }

  #words() {
    const retry = { label: t('board.retry'), onclick: () => this.load() };
    const error = this.#problem;
    if (error instanceof NotDemoError) return { tone: 'calm', title: t('board.not_demo'), text: t('board.not_demo.text'), link: { href: '/api/v1/docs/', label: t('foot.docs') } };
    if (error instanceof ApiError && !error.unreachable) return { tone: 'bad', title: t('board.failed'), text: error.message, retry };
    if (error) return { tone: 'bad', title: t('board.away'), text: t('board.away.text'), retry };
    if (this.#stale && this.#cards.size > 0) return { tone: 'warn', title: t('board.stale') };
    if (this.schedules.today && this.#cards.size === 0) return { tone: 'calm', title: t('board.empty'), text: t('board.empty.text') };
    return null;
  }
}

function notice({ tone, title, text, retry, link }) {
  return h(
    'div',
    { class: `notice notice--${tone}`, role: tone === 'bad' ? 'alert' : 'status' },
    h('p', { class: 'notice__title' }, title),
    text ? h('p', {}, text) : null,
    link ? h('a', { href: link.href }, link.label) : null,
    retry ? h('button', { type: 'button', class: 'button', onclick: retry.onclick }, retry.label) : null,
  );
}
