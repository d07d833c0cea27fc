// Two students' phones side by side, and what it takes to let them race for a seat.

import { Api } from './lib/api.js';
import { ServerClock } from './lib/clock.js';
import { byId, setText } from './lib/dom.js';
import { serverTime, takeLeave } from './lib/farewell.js';
import { language, languageTag, onLanguage, t, translatePage, useLanguage } from './lib/i18n.js';
import { nextPair, pairInUse, pairSince } from './lib/pairs.js';
import { Person } from './lib/person.js';
import { Schedules } from './lib/schedules.js';
import { LiveSocket } from './lib/socket.js';
import { Former } from './views/former.js';
import { Lab } from './views/lab.js';
import { LinkState } from './views/link.js';
import { Notice } from './views/notice.js';
import { Phones } from './views/phones.js';
import { Steps } from './views/steps.js';
import { Toasts } from './views/toasts.js';

/** What happens within this time is looked at once. */
const LOOK_AFTER_MS = 120;
const RETRY_MS = 3_000;

const clock = new ServerClock();
const schedules = new Schedules();
const toasts = new Toasts();
const link = new LinkState();
const notice = new Notice();
const steps = new Steps();
const phones = new Phones();
const former = new Former();

let people = peopleOf(pairInUse());
let looking = 0;
let retry = 0;
let looks = 0;

const socket = new LiveSocket({
  fetchTicket: async () => (await people[0].api.post('/ws/ticket')).data.ticket,
  onState: linkChanged,
  clock,
});
const lab = new Lab({ api: () => people[0].api, schedules, clock, toasts, onClass: showClass, onRelease: () => steps.released() });

function peopleOf(names) {
  return names.map((name) => {
    const person = new Person(name, { language: languageTag });
    person.api = new Api({ session: person, language: languageTag });
    return person;
  });
}

function linkChanged(now) {
  link.update(now);
  if (now.state === 'live' && now.roundTripMs === undefined) load();
}

/** The classes to choose from; on trouble says so and tries again. */
async function load() {
  clearTimeout(retry);
  try {
    const items = await schedules.load(people[0].api, clock);
    pairSince(await serverTime(people[0].api));
    notice.clear();
    lab.update();
    if (items.length === 0) notice.show('empty', load);
    socket.start();
  } catch (error) {
    notice.show(error.unreachable ? 'away' : 'failed', load, error.message);
    retry = setTimeout(load, RETRY_MS);
  }
}

let shown = null;
let leave = () => {};

/** Both phones, and this page, look at a class. */
function showClass(id) {
  leave();
  shown = id;
  steps.restart();
  phones.show(people, id);
  leave = socket.subscribe(`schedule:${id}`, heardOfClass);
  look();
}

function heardOfClass(message) {
  if (message.type !== 'snapshot' && message.type !== 'frame') return;
  schedules.apply(shown, message.data);
  lab.update();
  clearTimeout(looking);
  looking = setTimeout(look, LOOK_AFTER_MS);
}

/** How the class stands for each of the two. */
async function look() {
  looks += 1;
  const mine = looks;
  const [id, of] = [shown, people];
  const states = await Promise.all(of.map((person) => person.look(id).catch(() => null)));
  // A later look is on its way, or another class or other people are shown.
  if (mine !== looks || id !== shown || of !== people || states.includes(null)) return;
  phones.stand(states, clock.now());
  steps.stand(of.map((person, i) => ({ name: person.name, mine: states[i].mine })));
}

/** Two others take the phones, once the two before have left their places in line. */
async function changePeople() {
  const button = byId('again');
  if (shown === null || button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  try {
    const now = await serverTime(people[0].api);
    const farewells = await Promise.all(people.map((person) => takeLeave(person, pairSince(now))));
    people = peopleOf(nextPair(now));
    former.show(farewells);
    socket.stop();
    showClass(shown);
    socket.start();
  } catch {
    // Who has left already has nothing to leave at the next try.
    toasts.bad(t('again.failed'));
  } finally {
    button.setAttribute('aria-disabled', 'false');
  }
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
  for (const view of [former, lab, link, notice, phones, steps]) view.relabel();
});

byId('language').addEventListener('click', () => useLanguage(language() === 'zh' ? 'en' : 'zh'));
byId('again').addEventListener('click', changePeople);
translatePage();
document.title = t('title');
showLanguageButton();
load();
