// The phone: people, what WeChat delivered to each, and what goes wrong with WeChat.

import { language, say, translate } from './texts.js';

const byId = (id) => document.getElementById(id);
const base = new URL('../', import.meta.url);
const EVERY_MS = 1000;
/** How long a new message is shown before it counts as read. */
const READ_AFTER_MS = 2500;
const COMPLAINT_MS = 6000;

/** Creates an element. Text always goes in as text. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function ask(path, method = 'GET', body = undefined) {
  const answer = await fetch(new URL(path, base), {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error ?? answer.status);
  return told;
}

/** A demo's people are called by role and name, `student:amy`: the name first. */
function called(person) {
  const [, role, name] = /^(student|teacher|operator|admin|owner):(.+)$/u.exec(person) ?? [null, null, person];
  return role ? `${name} · ${say(`role.${role}`)}` : name;
}

const personPath = (person, what) => `phone/${encodeURIComponent(person)}/${what}`;

// ---- which phone is open: kept in the address, so that it can be linked and goes back

function open() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  if (chosen.get('person')) return { person: chosen.get('person') };
  if (chosen.get('sms')) return { number: chosen.get('sms') };
  return null;
}

const address = ({ person, number }) => `#${new URLSearchParams(person ? { person } : { sms: number })}`;

// ---- showing, only what has changed

const shown = new Map();

function changed(name, value) {
  const text = JSON.stringify(value);
  if (shown.get(name) === text) return false;
  shown.set(name, text);
  return true;
}

function time(at) {
  const options = { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false };
  return new Intl.DateTimeFormat(language, options).format(at);
}

function showList(people, numbers) {
  const now = open();
  if (!changed('list', [people, numbers, now])) return;
  const entry = (to, name, hint, unread, isOpen, kind) => h('li', {},
    h('a', { class: 'person', href: address(to), 'aria-current': isOpen ? 'true' : null },
      h('span', { class: `person__face person__face--${kind}`, 'aria-hidden': 'true' }, kind === 'sms' ? '✉' : [...name][0].toUpperCase()),
      h('span', { class: 'person__name' }, name),
      h('span', { class: 'person__hint' }, hint),
      unread > 0 ? h('span', { class: 'unread', 'aria-label': say('unread', unread) }, unread > 99 ? '99+' : unread) : null));
  byId('people').replaceChildren(
    ...people.map(({ person, last, unread }) => entry({ person }, called(person), last ? last.title : say('none'), unread, now?.person === person, 'person')),
    ...numbers.map(({ number, last }) => entry({ number }, number, last?.text ?? say('none'), 0, now?.number === number, 'sms')));
  byId('nobody').hidden = people.length + numbers.length > 0;
}

function emptyState(name) {
  return h('div', { class: 'empty' }, h('p', { class: 'empty__title' }, say(`${name}.title`)), h('p', {}, say(`${name}.text`)));
}

/** Where a tap on a message leads: into the mini-program of whoever it is, where there is one around this page. */
function openInMiniProgram(person, page) {
  const [, role, name] = /^(student|teacher|operator|admin|owner):(.+)$/.exec(person) ?? [];
  const isWithin = base.pathname !== '/' && name !== undefined;
  const to = new URL(isWithin ? '../m/' : './', base);
  to.search = new URLSearchParams(isWithin ? { role, person: name } : { wx_person: person, wx_page: page });
  if (isWithin) to.hash = `/${page}`;
  (window.top ?? window).location.assign(to);
}

function notice(person, { title, fields, page, at, read, msgid }) {
  return h('article', { class: 'notice', 'data-id': msgid, 'data-read': read },
    h('p', { class: 'notice__time' }, time(at)),
    h('div', { class: 'notice__card' },
      h('p', { class: 'notice__from' }, say('service'), read ? null : h('span', { class: 'notice__new' }, say('new'))),
      h('h3', { class: 'notice__title' }, title),
      h('dl', { class: 'notice__fields' }, ...fields.flatMap(({ label, value }) => [h('dt', {}, label), h('dd', {}, value)])),
      page ? h('button', { class: 'notice__open', type: 'button', onclick: () => openInMiniProgram(person, page) }, say('open')) : null));
}

function textMessage({ text, at }) {
  return h('article', { class: 'notice' },
    h('p', { class: 'notice__time' }, time(at)),
    h('div', { class: 'notice__card notice__card--sms' }, h('p', {}, text)));
}

function showPhone(now, told) {
  byId('desk').dataset.open = now ? 'yes' : 'no';
  byId('consent').hidden = !now?.person;
  byId('phone-title').textContent = now ? (now.person ? called(now.person) : now.number) : '';
  const grants = Object.entries(told?.grants ?? {}).filter(([, n]) => n > 0).map(([id, n]) => `${told.templates[id] ?? id} ×${n}`);
  byId('grants').hidden = grants.length === 0;
  byId('grants').textContent = say('grants', grants.join(language === 'en' ? ', ' : '、'));
  if (!changed('phone', [now, told?.messages])) return;
  const chat = byId('chat');
  if (!now) return chat.replaceChildren(emptyState('pick'));
  if (told.messages.length === 0) return chat.replaceChildren(now.person ? emptyState('silent') : h('p', { class: 'empty' }, say('none')));
  chat.replaceChildren(...told.messages.map((m) => (now.person ? notice(now.person, m) : textMessage(m))));
  if (now.person && told.messages.some((m) => !m.read)) readSoon(now.person);
}

let reading = null;

function readSoon(person) {
  clearTimeout(reading);
  reading = setTimeout(() => {
    if (document.visibilityState === 'visible' && open()?.person === person) act(() => ask(personPath(person, 'read'), 'POST', {}));
  }, READ_AFTER_MS);
}

function showControl(state) {
  const form = byId('control');
  const trouble = state.down !== 'off' || state.latency_ms > 0 || state.busy_rate > 0;
  byId('panel-state').hidden = !trouble;
  byId('panel-state').textContent = say('panel.on');
  if (changed('control', [state.down, state.latency_ms, state.busy_rate, state.auto_accept])) {
    for (const name of ['down', 'latency_ms', 'busy_rate']) {
      const select = form.elements[name];
      const value = String(state[name]);
      // Set elsewhere, to a value that is not in the list.
      if (![...select.options].some((option) => option.value === value)) select.append(h('option', { value }, value));
      select.value = value;
    }
    form.elements.auto_accept.checked = state.auto_accept;
  }
  if (!changed('counts', state.answered)) return;
  const rows = Object.entries(state.answered).map(([call, codes]) => {
    const errors = Object.entries(codes).filter(([code]) => code !== '0').map(([code, n]) => `${code} ×${n}`);
    return h('tr', {}, h('th', { scope: 'row' }, call), h('td', {}, codes[0] ?? 0), h('td', {}, errors.join(', ') || '–'));
  });
  byId('counts-rows').replaceChildren(...rows);
  byId('counts').hidden = rows.length === 0;
}

// ---- looking, once a second

let complainedUntil = 0;

/** Shows what went wrong, for so long at least. */
function complain(text, ms) {
  complainedUntil = performance.now() + ms;
  byId('lost').textContent = text;
  byId('lost').hidden = false;
}

let looking = false;
let lookAgain = false;

async function look() {
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  try {
    const now = open();
    const phone = now && (now.person ? personPath(now.person, 'messages') : `phone/sms/${encodeURIComponent(now.number)}`);
    const [{ people, numbers }, state, told] = await Promise.all([ask('phone/people'), ask('control'), phone ? ask(phone) : null]);
    showList(people, numbers);
    showControl(state);
    showPhone(now, told);
    if (performance.now() >= complainedUntil) byId('lost').hidden = true;
  } catch {
    complain(say('lost'), 0);
  }
  looking = false;
  if (lookAgain) {
    lookAgain = false;
    await look();
  }
}

/** Does something, and shows what came of it. */
async function act(what) {
  try {
    await what();
  } catch (error) {
    complain(say('failed', error.message), COMPLAINT_MS);
    return;
  }
  await look();
}

translate();
addEventListener('hashchange', look);
byId('back').addEventListener('click', () => { location.hash = ''; });
byId('add').addEventListener('submit', (event) => {
  event.preventDefault();
  const person = event.target.elements.person.value.trim();
  act(async () => {
    await ask(personPath(person, 'login-code'), 'POST', {});
    event.target.reset();
    location.hash = address({ person });
  });
});
byId('consent').addEventListener('click', () => act(async () => {
  const { person } = open();
  const { templates } = await ask(personPath(person, 'messages'));
  const ids = Object.keys(templates);
  // At most five at a time.
  for (let i = 0; i < ids.length; i += 5) {
    const choices = Object.fromEntries(ids.slice(i, i + 5).map((id) => [id, 'accept']));
    await ask(personPath(person, 'subscribe'), 'POST', { choices });
  }
}));
byId('control').addEventListener('submit', (event) => event.preventDefault());
byId('control').addEventListener('change', ({ target }) => {
  const value = target.type === 'checkbox' ? target.checked : target.name === 'down' ? target.value : Number(target.value);
  act(() => ask('control', 'PUT', { [target.name]: value }));
});
byId('kill').addEventListener('click', () => act(() => ask('control', 'PUT', { kill_token: true })));
byId('reset').addEventListener('click', () => {
  if (confirm(say('reset.ask'))) act(() => ask('control/reset', 'POST', {}));
});
// Below a server of another, that one has a page of its own.
for (const home of document.querySelectorAll('.home')) home.hidden = base.pathname === '/';
byId('panel').open = matchMedia('(min-width: 1000px)').matches;

// Served alone, there is no mini-program around the phone to open what was tapped.
const tapped = new URLSearchParams(location.search);
if (tapped.get('wx_page')) {
  byId('opened').textContent = say('opened', tapped.get('wx_page'));
  byId('opened').hidden = false;
  if (!location.hash && tapped.get('wx_person')) location.hash = address({ person: tapped.get('wx_person') });
}
await look();
setInterval(() => { if (document.visibilityState === 'visible') look(); }, EVERY_MS);
