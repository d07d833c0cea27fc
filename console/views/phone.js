// The visitor's WeChat: whether it may tell them of a freed seat, the question that WeChat would
// ask, and the way to the phone on which the messages arrive.

import { ApiError } from '../lib/api.js';
import { byId, h, setText, show } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

const SANDBOX = '/sandbox';
/** Where a message's page is about a class, and how to learn which. */
const PAGES = {
  'pages/schedule/detail': async (id) => id,
  'pages/waitlist/detail': async (id, api) => (await api.get(`/waitlist/${encodeURIComponent(id)}`)).data.schedule_id,
  'pages/booking/detail': async (id, api) => (await api.get(`/bookings/${encodeURIComponent(id)}`)).data.schedule_id,
};

/** The person and the page that a tapped message names in the address, once: it is taken out of it. */
export function tappedMessage() {
  const query = new URLSearchParams(location.search);
  const person = query.get('wx_person');
  if (!person?.startsWith('student:')) return null;
  history.replaceState(null, '', location.pathname);
  return { name: person.slice('student:'.length), page: query.get('wx_page') ?? '' };
}

/** The class that a page of the mini-program is about; null where there is none. */
export async function scheduleOf(page, api) {
  const [path, query] = page.split('?');
  const id = new URLSearchParams(query ?? '').get('id');
  return id && PAGES[path] ? PAGES[path](id, api) : null;
}

export class Phone {
  #known = null;
  #tap = 'join';
  #asking = false;

  constructor({ api, session, toasts }) {
    Object.assign(this, { api, session, toasts });
    byId('phone-ask').addEventListener('click', () => this.#answer('accept'));
    byId('phone-refuse').addEventListener('click', () => this.#answer('reject'));
  }

  /** What the visitor has allowed so far. */
  async load() {
    try {
      this.#known = (await this.api.get('/users/subscribe')).data;
    } catch {
      // Not in demo mode, or out of reach: the board says so already.
      this.#known = null;
    }
    this.#show();
  }

  /** After a tap that matters, WeChat may be asked. */
  async tapped(tap) {
    this.#tap = tap;
    await this.load();
  }

  relabel() {
    this.#show();
  }

  #show() {
    const known = this.#known;
    show(byId('phone'), known?.linked === true);
    if (!known?.linked) return;
    const open = byId('phone-open');
    open.href = `${SANDBOX}/#${new URLSearchParams({ person: this.#person() })}`;
    const wanted = this.#wanted();
    setText(byId('phone-state'), t(known.reachable ? 'phone.reachable' : 'phone.unreachable'));
    byId('phone').dataset.reachable = known.reachable;
    show(byId('phone-question'), wanted.length > 0);
    const items = wanted.map((id) => h('li', {}, t(`phone.kind.${this.#kinds(id)[0]}`)));
    byId('phone-templates').replaceChildren(...items);
  }

  async #answer(choice) {
    if (this.#asking) return;
    this.#asking = true;
    try {
      // WeChat's part of it: in the mini-program, wx.requestSubscribeMessage.
      const choices = Object.fromEntries(this.#wanted().map((id) => [id, choice]));
      const response = await fetch(`${SANDBOX}/phone/${encodeURIComponent(this.#person())}/subscribe`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ choices }),
      });
      if (!response.ok) throw new ApiError({ status: response.status, reason: 'sandbox' });
      this.#known = (await this.api.post('/users/subscribe', { results: await response.json() })).data;
      if (choice === 'accept') this.toasts.good(t('phone.allowed'));
    } catch (error) {
      this.toasts.failure(error);
    } finally {
      this.#asking = false;
    }
    this.#show();
    if (choice === 'reject') show(byId('phone-question'), false);
  }

  #wanted() {
    return this.#known?.ask[this.#tap] ?? [];
  }

  #kinds(id) {
    return this.#known.templates.find((template) => template.id === id)?.kinds ?? [];
  }

  #person() {
    return `student:${this.session.name}`;
  }
}
