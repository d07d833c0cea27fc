// The visitor's WeChat: whether it may tell them of a freed seat, the question that WeChat would
// ask, and the way to the phone on which the messages arrive.

import { ApiError } from '../lib/api.js';
import { byId, h, setText, show } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { wechatName, whatIsWrong } from '../lib/names.js';
import { NotDemoError } from '../lib/session.js';
import { recallHere, rememberHere } from '../lib/storage.js';

const SANDBOX = '/sandbox';
/** A place in line to which no seat is offered, nor was given: what its message said is over. */
const OVER = ['waiting', 'cancelled', 'expired'];
/** Where a message's page is about a class, and how to learn which. */
const PAGES = {
  'pages/schedule/detail': async (schedule) => ({ schedule }),
  'pages/waitlist/detail': async (id, api) => {
    const { schedule_id: schedule, status } = (await api.get(`/waitlist/${encodeURIComponent(id)}`)).data;
    return { schedule, isOver: OVER.includes(status) };
  },
  'pages/booking/detail': async (id, api) => ({ schedule: (await api.get(`/bookings/${encodeURIComponent(id)}`)).data.schedule_id }),
};
/** A message is sent some moments after what it tells of; a slow WeChat takes more of them. */
const SENT_AFTER_MS = [1_500, 6_000];

/** The person and the page that a tapped message names in the address, once: it is taken out of it. */
export function tappedMessage() {
  const query = new URLSearchParams(location.search);
  const person = query.get('wx_person');
  if (!person?.startsWith(wechatName(''))) return null;
  history.replaceState(null, '', location.pathname);
  const name = person.slice(wechatName('').length);
  return whatIsWrong(name) ? null : { name, page: query.get('wx_page') ?? '' };
}

/** The class that a page of the mini-program is about, where there is one, and whether its offer is over. */
export async function whatItSays(page, api) {
  const [path, query] = page.split('?');
  const id = new URLSearchParams(query ?? '').get('id');
  return id && PAGES[path] ? PAGES[path](id, api) : {};
}

export class Phone {
  #known = null;
  #tap = 'join';
  #asking = false;
  #looks = 0;
  #timers = [];

  constructor({ api, session, toasts }) {
    Object.assign(this, { api, session, toasts });
    byId('phone-ask').addEventListener('click', () => this.#answer('accept'));
    byId('phone-refuse').addEventListener('click', () => this.#answer('reject'));
    // Meanwhile a message may have come to the phone, in another tab.
    addEventListener('focus', () => this.load());
  }

  /** What the visitor has allowed so far. */
  async load() {
    this.#looks += 1;
    const [look, person] = [this.#looks, this.#person()];
    const current = () => look === this.#looks && person === this.#person();
    try {
      const { data } = await this.api.get('/users/subscribe');
      if (current()) this.#known = data;
    } catch (error) {
      // Out of reach, which the board says: what was known stays.
      if (current() && error instanceof NotDemoError) this.#known = null;
    }
    if (current()) this.#show();
  }

  /** Somebody else looks at the page. */
  reset() {
    this.#known = null;
    this.#show();
    return this.load();
  }

  /** After a tap that matters, WeChat may be asked, also where the last answer was no. */
  async tapped(tap) {
    this.#tap = tap;
    rememberHere('refused', null);
    await this.load();
  }

  /** Something happened that WeChat may tell: soon its message will have used up a consent. */
  expect() {
    this.#timers.forEach(clearTimeout);
    this.#timers = SENT_AFTER_MS.map((ms) => setTimeout(() => this.load(), ms));
  }

  relabel() {
    this.#show();
  }

  #show() {
    const known = this.#known;
    const isUnknown = known?.linked === false && whatIsWrong(this.session.name) !== null;
    show(byId('phone'), known?.linked === true || isUnknown);
    show(byId('phone-way'), !isUnknown);
    if (isUnknown) {
      setText(byId('phone-state'), t('phone.unknown'));
      show(byId('phone-question'), false);
    }
    if (!known?.linked) return;
    const open = byId('phone-open');
    open.href = `${SANDBOX}/#${new URLSearchParams({ person: this.#person() })}`;
    const wanted = this.#wanted();
    setText(byId('phone-state'), t(known.reachable ? 'phone.reachable' : 'phone.unreachable'));
    byId('phone').dataset.reachable = known.reachable;
    show(byId('phone-question'), wanted.length > 0 && recallHere('refused') !== this.#person());
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
      // What was asked before is answered too late.
      this.#looks += 1;
      this.#known = (await this.api.post('/users/subscribe', { results: await response.json() })).data;
      rememberHere('refused', choice === 'reject' ? this.#person() : null);
      if (choice === 'accept') this.toasts.good(t('phone.allowed'));
    } catch (error) {
      this.toasts.failure(error);
    } finally {
      this.#asking = false;
    }
    this.#show();
  }

  #wanted() {
    return this.#known?.ask[this.#tap] ?? [];
  }

  #kinds(id) {
    return this.#known.templates.find((template) => template.id === id)?.kinds ?? [];
  }

  #person() {
    return wechatName(this.session.name);
  }
}
