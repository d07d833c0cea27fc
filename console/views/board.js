// Today's classes: loads the list, keeps one subscription per class, says so when there is
// nothing to show.

import { ApiError } from '../lib/api.js';
import { dateAt, offsetName } from '../lib/clock.js';
import { byId, h, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { NotDemoError } from '../lib/session.js';
import { isOlder } from '../lib/schedules.js';
import { Card } from './card.js';

const TICK_MS = 500;
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 15_000;

export class Board {
  #cards = new Map();
  #changed = new Set();
  #drawing = false;
  #date = '';
  #problem = null;
  #failures = 0;
  #retry = 0;
  #loads = 0;
  #stale = false;

  /** `onList()` is called whenever classes came, went or changed. */
  constructor({ api, socket, schedules, clock, act, onList }) {
    Object.assign(this, { api, socket, schedules, clock, act, onList });
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** Loads today's classes; on trouble says which and, where that can help, tries again. */
  async load() {
    clearTimeout(this.#retry);
    this.#loads += 1;
    const load = this.#loads;
    byId('cards').setAttribute('aria-busy', 'true');
    try {
      const { data } = await this.api.get('/slots');
      if (load !== this.#loads) return;
      this.#failures = 0;
      this.#problem = null;
      this.#list(data);
      this.socket.start();
    } catch (error) {
      if (load === this.#loads) this.#failed(error);
    } finally {
      byId('cards').setAttribute('aria-busy', 'false');
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
    this.#date = date;
    for (const item of items) if (item.server_time) this.clock.observe(item.server_time);
    const { came, gone } = this.schedules.list(items);
    for (const id of gone) {
      this.socket.unsubscribe(`schedule:${id}`);
      this.#cards.delete(id);
    }
    for (const id of came) {
      this.#cards.set(id, new Card({ id, act: this.act, clock: this.clock }));
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
    if (zone && this.#date && this.#problem === null && dateAt(now, zone) !== this.#date) {
      this.#date = '';
      this.load();
    }
  }

  #zone() {
    const first = this.schedules.all()[0];
    return first ? offsetName(first.starts_at) : '';
  }

  #showDate() {
    const zone = this.#zone();
    setText(byId('board-date'), zone ? t('board.date', { date: this.#date, zone }) : this.#date);
  }

  #failed(error) {
    this.#problem = error;
    this.#notice();
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
    if (error instanceof NotDemoError) return { tone: 'bad', title: t('board.not_demo'), text: t('board.not_demo.text') };
    if (error instanceof ApiError && !error.unreachable) return { tone: 'bad', title: t('board.failed'), text: error.message, retry };
    if (error) return { tone: 'bad', title: t('board.away'), text: t('board.away.text'), retry };
    if (this.#stale && this.#cards.size > 0) return { tone: 'warn', title: t('board.stale') };
    if (this.#date && this.#cards.size === 0) return { tone: 'calm', title: t('board.empty'), text: t('board.empty.text') };
    return null;
  }
}

function notice({ tone, title, text, retry }) {
  return h(
    'div',
    { class: `notice notice--${tone}`, role: tone === 'bad' ? 'alert' : 'status' },
    h('p', { class: 'notice__title' }, title),
    text ? h('p', {}, text) : null,
    retry ? h('button', { type: 'button', class: 'button', onclick: retry.onclick }, retry.label) : null,
  );
}
