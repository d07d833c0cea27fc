// Wires the page together: session, HTTP, socket, and the views that show them.

import { perform } from './lib/actions.js';
import { Api } from './lib/api.js';
import { ServerClock } from './lib/clock.js';
import { byId, setText } from './lib/dom.js';
import { language, languageTag, onLanguage, t, translatePage, useLanguage } from './lib/i18n.js';
import { whatIsWrong } from './lib/names.js';
import { Schedules } from './lib/schedules.js';
import { Session } from './lib/session.js';
import { LiveSocket } from './lib/socket.js';
import { Board } from './views/board.js';
import { Lab } from './views/lab.js';
import { LinkState } from './views/link.js';
import { ActivityLog, describe } from './views/log.js';
import { Phone, tappedMessage, whatItSays } from './views/phone.js';
import { Toasts } from './views/toasts.js';

const clock = new ServerClock();
const schedules = new Schedules();
const session = new Session({ language: languageTag });
const api = new Api({ session, language: languageTag });
const toasts = new Toasts();
const link = new LinkState();
const log = new ActivityLog({ schedules });
/** The taps after which WeChat may be asked, by action. */
const TAPS = { join: 'join', book: 'book', accept: 'confirm' };
let hasBeenLive = false;

const socket = new LiveSocket({
  fetchTicket: async () => (await api.post('/ws/ticket')).data.ticket,
  onState: linkChanged,
  clock,
});
const board = new Board({ api, socket, schedules, clock, act, onList: () => lab.update() });
const phone = new Phone({ api, session, toasts });
const lab = new Lab({ api, schedules, clock, toasts, reveal: (id) => board.card(id)?.reveal() });

function linkChanged(now) {
  const returned = now.state === 'live' && now.roundTripMs === undefined && hasBeenLive;
  hasBeenLive ||= now.state === 'live';
  link.update(now);
  if (now.state === 'live' || now.state === 'waiting') board.connected(now.state === 'live');
  // While the line was down, classes may have come or gone; the seats come as snapshots.
  if (returned) board.load();
}

/** A button on a card. The socket brings the new state; without it, it is asked for. */
async function act(action, schedule) {
  try {
    await perform(api, action, schedule);
    // Whoever joins or books wants to see what happens to that class.
    if (['book', 'join', 'accept'].includes(action)) lab.follow(schedule.id);
    toasts.good(t(`done.${action}`, { course: schedule.course_name }));
    if (TAPS[action]) phone.tapped(TAPS[action]).catch(() => {});
  } catch (error) {
    toasts.failure(error);
  }
  if (socket.state !== 'live') await board.refresh(schedule.id).catch(() => {});
}

function heardOfMe(message) {
  if (message.type !== 'event' || !log.add(message)) return;
  // Whatever happens to a visitor may have been told in WeChat, too; only places in line never are.
  if (message.event !== 'position') phone.expect();
  const card = board.card(message.data?.schedule_id);
  if (['offer_lost', 'offer_lapsed', 'offer_withdrawn'].includes(message.event)) card?.note(describe(message));
  if (['seat_offered', 'offer_reminder'].includes(message.event)) {
    toasts.good(describe(message));
    if (message.event === 'offer_reminder') card?.reveal();
  }
}

function showIdentity() {
  byId('identity-name').value = session.name;
  setText(byId('identity-hint'), t('identity.hint', { name: session.name }));
}

/** Says beside the field what is wrong with the nickname in it; null for nothing. */
function complain(wrong) {
  const place = byId('identity-problem');
  place.dataset.i18n = wrong ? `identity.wrong.${wrong}` : '';
  setText(place, wrong ? t(place.dataset.i18n) : '');
  byId('identity-name').setAttribute('aria-invalid', String(wrong !== null));
}

async function becomeSomebody(event) {
  event.preventDefault();
  const name = byId('identity-name').value.trim();
  const wrong = whatIsWrong(name);
  complain(wrong);
  if (wrong) return byId('identity-name').focus();
  if (name === session.name) return showIdentity();
  session.become(name);
  hasBeenLive = false;
  log.clear();
  showIdentity();
  socket.stop();
  await board.reset();
  phone.reset();
  toasts.good(t('identity.changed', { name }));
}

/** A message on the phone was tapped: its person looks at its class. */
async function openMessage({ page }) {
  const { schedule, isOver } = await whatItSays(page, api).catch(() => ({}));
  const card = schedule && board.card(schedule);
  if (card) card.reveal();
  if (isOver) toasts.bad(t('phone.over'));
  else if (!card) toasts.bad(t('phone.gone'));
}

function showLanguageButton() {
  const button = byId('language');
  const other = language() === 'zh' ? { text: 'English', tag: 'en', label: 'Switch to English' } : { text: '中文', tag: 'zh-CN', label: '切换到中文' };
  setText(button, other.text);
  button.lang = other.tag;
  button.setAttribute('aria-label', other.label);
}

onLanguage(() => {
  showLanguageButton();
  showIdentity();
  for (const view of [board, lab, log, link, phone]) view.relabel();
});

byId('language').addEventListener('click', () => useLanguage(language() === 'zh' ? 'en' : 'zh'));
byId('identity').addEventListener('submit', becomeSomebody);
byId('identity-name').addEventListener('input', () => complain(null));
translatePage();
showLanguageButton();
const message = tappedMessage();
if (message && message.name !== session.name) session.become(message.name);
showIdentity();
socket.subscribe('me', heardOfMe);
board.load().then(() => {
  phone.load();
  if (message) openMessage(message);
});
