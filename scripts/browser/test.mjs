// The live board as a visitor meets it: Chromium, the real binary, demo data.
//
//   cargo build && npm ci --prefix scripts/browser && node --test scripts/browser/test.mjs
//
// The tests are one visit and run in order. Screenshots and the server's log go to
// YUEKE_TEST_FOLDER, or to a folder in the system's temporary one, named at the end.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, lowContrast, openBoard, openPage } from './browser.mjs';
import { Person, Server } from './server.mjs';

const folder = process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-browser-'));
mkdirSync(folder, { recursive: true });
const WAIT_MS = 15_000;
let server;
let browser;
let page;
let seen;
let rival;
/** The class all the racing is about. */
let arena;

const card = () => page.locator(`[data-schedule="${arena.id}"]`);
const shoot = (name, on = page) => on.screenshot({ path: path.join(folder, `${name}.png`) });
const number = async (name) => Number(await card().getAttribute(`data-${name}`));
const frames = (from = 0) => seen.heard.slice(from).filter((m) => m.type === 'frame' && m.topic === `schedule:${arena.id}`);

before(async () => {
  server = await Server.create(folder);
  process.on('exit', () => server.killNow());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  await server.start();
  browser = await launch();
  ({ page, seen } = await openPage(browser, server.base));
  page.setDefaultTimeout(WAIT_MS);
  rival = await Person.logIn(server.base, 'rival');
});

after(async () => {
  await browser?.close();
  await server?.stop();
  console.log(`# screenshots and server.log: ${folder}`);
});

async function until(what, condition) {
  const end = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) assert.fail(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freeSeatOnPage() {
  await page.click('#lab-release');
}

test('the board shows the next classes', async () => {
  await openBoard(page, server.base);
  const { items } = await rival.call('GET', '/slots');
  assert.ok(items.length >= 4, `${items.length} classes`);
  assert.equal(await page.locator('.card').count(), items.length);
  for (const item of items) {
    const own = page.locator(`[data-schedule="${item.id}"]`);
    const text = await own.innerText();
    assert.ok(text.includes(item.course_name), text);
    assert.ok(text.includes(item.starts_at.slice(11, 16)), `the org's own time in: ${text}`);
    assert.ok(text.includes(`候补: ${item.waitlist.length}/${item.waitlist.capacity}人`), text);
    if (item.capacity <= 48) assert.equal(await own.locator('.seat').count(), item.capacity);
  }
  arena = items.filter((i) => i.seats_left > 0 && i.waitlist.open && i.capacity <= 48).sort((a, b) => a.seats_left - b.seats_left).pop();
  assert.ok(arena, 'a class with free seats and an open waitlist');
  await shoot('1-board');
});

test('each class is subscribed once, over a ticket', async () => {
  const topics = seen.said.filter((m) => m.type === 'subscribe').map((m) => m.topic);
  assert.equal(seen.said[0].type, 'auth');
  assert.equal(new Set(topics).size, topics.length, `twice: ${topics}`);
  assert.ok(topics.includes('me'));
  assert.equal(topics.length, 1 + (await page.locator('.card').count()));
});

test('a rush fills the seats and grows the queue, over the socket alone', async () => {
  const [taken, queue] = [await number('taken'), await number('queue')];
  const [heard, asked] = [seen.heard.length, seen.requests.length];
  await page.selectOption('#lab-class', arena.id);
  await page.fill('#lab-students', '60');
  await page.click('#lab-rush');
  await page.locator('#lab-result .outcome--booked').waitFor();
  const outcome = {};
  for (const name of ['booked', 'queued', 'refused']) outcome[name] = Number(await page.locator(`.outcome--${name} strong`).innerText());
  assert.equal(outcome.booked + outcome.queued + outcome.refused, 60, JSON.stringify(outcome));
  assert.ok(outcome.booked > 0 && outcome.queued > 0, JSON.stringify(outcome));
  assert.equal((await rival.call('GET', `/schedules/${arena.id}`)).waitlist.capacity - outcome.queued, 2, 'room for the visitor');

  await until('all seats taken on the card', async () => (await number('taken')) === taken + outcome.booked);
  await until('the queue grown on the card', async () => (await number('queue')) === queue + outcome.queued);
  assert.equal(await card().locator('.seat--taken').count(), taken + outcome.booked);

  const last = frames(heard).at(-1);
  assert.ok(last, 'frames came over the socket');
  await until('the card to show the last frame', async () => (await card().getAttribute('data-version')) === `${last.epoch}.${last.version}`);
  const pairs = frames(heard).map((m) => [m.epoch, m.version]);
  assert.ok(pairs.every(([e, v], i) => i === 0 || e > pairs[i - 1][0] || (e === pairs[i - 1][0] && v > pairs[i - 1][1])), 'versions rise');
  assert.deepEqual(seen.requests.slice(asked), ['POST /api/v1/dev/rush'], 'nothing was polled or reloaded');
  const truth = await rival.call('GET', `/schedules/${arena.id}`);
  assert.deepEqual([await number('taken'), await number('queue')], [truth.seats_taken, truth.waitlist.length]);
  await shoot('2-rush');
});

test('the queue of a full class is joined', async () => {
  arena = await quietFullClass();
  assert.match(await card().innerText(), /已满员/);
  await card().locator('[data-action="join"]').click();
  await card().and(page.locator('[data-standing="waiting"]')).waitFor();
  assert.match(await card().innerText(), /您是第\d+位候补/);
  assert.match(await page.locator('#toasts').innerText(), /加入候补成功/);
  assert.equal(await page.inputValue('#lab-class'), arena.id, 'the lab follows');
});

/** A full class whose queue has room for the visitor and the rival. */
async function quietFullClass() {
  const { items } = await rival.call('GET', '/slots');
  const roomy = (i) => i.seats_left === 0 && i.seats_offered === 0 && i.waitlist.open && i.waitlist.capacity - i.waitlist.length >= 2;
  const found = items.find((i) => roomy(i) && i.seats_taken > 1) ?? items.find(roomy);
  if (found) return found;
  // None in the demo data: fill one with just as many students as there are seats.
  const open = items.find((i) => i.seats_left > 1 && i.waitlist.open);
  assert.ok(open, 'a class to fill');
  await rival.call('POST', '/dev/rush', { schedule_id: open.id, students: open.seats_left });
  return open;
}

test('a freed seat is offered with a countdown that needs no traffic', async () => {
  await rival.call('POST', '/waitlist/join', { course_schedule_id: arena.id });
  await freeSeatOnPage();
  await card().and(page.locator('[data-standing="offered"]')).waitFor();
  await until('word on the topic "me"', async () => seen.heard.some((m) => m.type === 'event' && m.event === 'seat_offered'));
  await page.locator('#log [data-event="seat_offered"]').first().waitFor();
  const timer = card().locator('[role="timer"]');
  await until('the reveal to settle', async () => /^\d+:\d\d$/.test(await timer.innerText()));
  const seconds = async () => (await timer.innerText()).split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  const [first, asked, said] = [await seconds(), seen.requests.length, seen.said.length];
  await page.waitForTimeout(2_300);
  const passed = first - (await seconds());
  assert.ok(first > 60 && first <= 15 * 60, `${first} s at the start`);
  assert.ok(passed >= 1 && passed <= 4, `${passed} s passed on the countdown`);
  // But that WeChat may have told of the offer by now is looked up.
  const others = seen.requests.slice(asked).filter((r) => r !== 'GET /api/v1/users/subscribe');
  assert.deepEqual(others, [], 'no request for the countdown');
  assert.ok(seen.said.slice(said).every((m) => m.type === 'ping'), 'no message for the countdown');
  assert.match(await card().innerText(), /有名额，立即预约/);
  const [onCard] = (await card().locator('.card__until').innerText()).match(/\d\d:\d\d:\d\d/);
  assert.ok((await page.locator('#log [data-event="seat_offered"]').first().innerText()).includes(onCard), 'one deadline, told alike');
  await shoot('3-offer');
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.deepEqual(await lowContrast(page), [], `with an offer and toasts, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
});

test('who confirms first gets the seat; the loser is told and keeps the place', async () => {
  const { mine } = await rival.call('GET', `/schedules/${arena.id}`);
  await rival.call('PUT', `/waitlist/${mine.waitlist_entry.id}/respond`, { action: 'accept', offer_id: mine.offer.id });
  await card().and(page.locator('[data-standing="waiting"]')).waitFor();
  await page.locator('#log [data-event="offer_lost"]').waitFor();
  assert.match(await card().innerText(), /名额已被抢占/);
  assert.match(await card().innerText(), /您是第\d+位候补/);
});

test('the visitor wins the next race and is booked', async () => {
  await freeSeatOnPage();
  await card().locator('[data-action="accept"]').click();
  await card().and(page.locator('[data-standing="booked"], [data-standing="unpaid"]')).waitFor();
  assert.equal(await card().locator('.seat--mine').count(), 1);
  assert.ok(!/名额已被抢占/.test(await card().innerText()), 'the old note is gone');
  await page.locator('#log [data-event="booking"]').first().waitFor();
  await shoot('4-won');
});

test('a booking is made and cancelled on the card', async () => {
  const { items } = await rival.call('GET', '/slots');
  const open = items.find((i) => i.seats_left > 1 && i.id !== arena.id && noOverlap(i, arena));
  assert.ok(open, 'another class with a free seat');
  arena = open;
  await card().locator('[data-action="book"]').click();
  await card().locator('[data-action="cancel"]').click();
  await card().and(page.locator('[data-standing="bookable"], [data-standing="waiting"], [data-standing="joinable"]')).waitFor();
});

function noOverlap(a, b) {
  return Date.parse(a.ends_at) <= Date.parse(b.starts_at) || Date.parse(b.ends_at) <= Date.parse(a.starts_at);
}

test('the language toggles, is sent along and remembered', async () => {
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  await page.click('#language');
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.match(await page.locator('h1').innerText(), /fairly/);
  assert.match(await card().innerText(), /Waitlist: \d+\/\d+/);
  const request = page.waitForRequest((r) => r.url().endsWith('/api/v1/slots'));
  await page.reload();
  assert.equal((await request).headers()['accept-language'], 'en');
  await openBoard(page, server.base);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await shoot('5-english');
  await page.click('#language');
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
});

test('the page opens in the browser’s language', async () => {
  for (const [locale, expected] of [['en-US', 'en'], ['zh-TW', 'zh-CN'], ['fr-FR', 'en']]) {
    const { page: own, context } = await openPage(browser, server.base, { locale });
    await openBoard(own, server.base);
    assert.equal(await own.locator('html').getAttribute('lang'), expected, locale);
    assert.match(await own.inputValue('#identity-name'), expected === 'en' ? /^Guest\d+$/ : /^访客\d+$/);
    await context.close();
  }
});

test('the Chinese heading breaks between words on a phone', async () => {
  const { page: own, context } = await openPage(browser, server.base, { viewport: { width: 390, height: 844 } });
  await openBoard(own, server.base);
  const lines = await own.evaluate(() => {
    const text = document.querySelector('h1').firstChild;
    const range = document.createRange();
    const byTop = new Map();
    for (let i = 0; i < text.length; i += 1) {
      range.setStart(text, i);
      range.setEnd(text, i + 1);
      const top = Math.round(range.getBoundingClientRect().top);
      byTop.set(top, (byTop.get(top) ?? '') + text.data[i]);
    }
    return [...byTop.values()];
  });
  assert.deepEqual(lines, ['看一个名额，', '如何被公平地抢到']);
  await context.close();
});

test('the time that is shown beside “Live” is that of a ping', async () => {
  const { page: own, context } = await openPage(browser, server.base);
  // On the wire, without the page's own work: what the server and the loopback take.
  const sent = [];
  own.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(JSON.parse(payload).type)));
  await openBoard(own, server.base);
  await until('a quiet ping', async () => sent.filter((type) => type === 'ping').length >= 4);
  await until('a time', async () => /\d/.test(await own.locator('#link-state-text').innerText()));
  assert.deepEqual(sent.slice(0, 3), ['auth', 'ping', 'subscribe'], 'not behind the snapshots');
  const shown = Number((await own.locator('#link-state-text').innerText()).match(/[\d.]+/)[0]);
  assert.ok(shown < 40, `${shown} ms on the loopback`);
  await context.close();
});

test('the keyboard reaches the board and the first action', async () => {
  await page.reload();
  await openBoard(page, server.base);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('.card, .board') !== null), true);
});

test('every control has a name', async () => {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, a, [role="img"]')]
      .filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
      .map((e) => e.outerHTML.slice(0, 80)));
  assert.deepEqual(nameless, []);
});

for (const colorScheme of ['light', 'dark']) {
  test(`text is readable in ${colorScheme} mode`, async () => {
    const { page: own, seen: ownSeen, context } = await openPage(browser, server.base, { colorScheme, reducedMotion: 'reduce' });
    await openBoard(own, server.base);
    await own.waitForTimeout(300);
    assert.deepEqual(await lowContrast(own), []);
    const paper = await own.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const isDark = Math.max(...paper.match(/\d+/g).slice(0, 3).map(Number)) < 128;
    assert.equal(isDark, colorScheme === 'dark', paper);
    assert.deepEqual(ownSeen.faults, []);
    await shoot(`6-${colorScheme}`, own);
    await context.close();
  });
}

test('nothing scrolls sideways at 360 px', async () => {
  const { page: own, seen: ownSeen, context } = await openPage(browser, server.base, { viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
  await openBoard(own, server.base);
  for (const language of ['zh-CN', 'en']) {
    assert.equal(await own.locator('html').getAttribute('lang'), language);
    const widths = await own.evaluate(() => [document.documentElement.scrollWidth, document.body.scrollWidth]);
    assert.ok(widths.every((width) => width <= 360), `${language}: ${widths}`);
    const cut = await own.evaluate(() => [...document.querySelectorAll('.button, .card__title, .card__badge')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > 360).length);
    assert.equal(cut, 0, 'controls beyond the edge');
    await own.screenshot({ path: path.join(folder, `7-mobile-${language}.png`), fullPage: true });
    await own.click('#language');
  }
  assert.deepEqual(ownSeen.faults, []);
  await context.close();
});

test('a long name without a space stays within a narrow screen, and its toast can be closed', async () => {
  const { page: own, context } = await openPage(browser, server.base, { viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
  await openBoard(own, server.base);
  await own.fill('#identity-name', 'W'.repeat(40));
  await own.press('#identity-name', 'Enter');
  await own.locator('.toast').waitFor();
  await shoot('7-mobile-long-name', own);
  const boxes = await own.evaluate(() => [...document.querySelectorAll('.toast, .toast__close, #identity-hint')].map((e) => e.getBoundingClientRect().right));
  assert.ok(boxes.length === 3 && boxes.every((right) => right <= 360), `right edges: ${boxes}`);
  assert.ok((await own.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  await own.click('.toast__close');
  await own.locator('.toast').waitFor({ state: 'detached' });
  await context.close();
});

test('old news changes nothing, whichever way it comes', async () => {
  const told = await page.evaluate(async () => {
    const { Schedules } = await import('/start/lib/schedules.js');
    const known = new Schedules();
    const say = (epoch, version, seats_taken) => known.apply('a', { epoch, version, seats_taken });
    return [say(2, 5, 1), say(2, 4, 9), say(1, 99, 9), say(2, 5, 2), say(3, 1, 3), known.get('a').seats_taken];
  });
  assert.deepEqual(told, [true, false, false, true, true, 3]);
});

test('what a visitor can do follows from the state of the class', async () => {
  const table = {
    bookable: { seats_left: 1 },
    joinable: {},
    queue_full: { waitlist: { capacity: 8, length: 8, open: true } },
    queue_closed: { waitlist: { capacity: 8, length: 0, open: false } },
    closed: { availability: 'revoked' },
    waiting: { mine: { waitlist_entry: { id: 'e', position: 4 } } },
    offered: { mine: { waitlist_entry: { id: 'e' }, offer: { id: 'o' } } },
    booked: { mine: { booking: { status: 'confirmed', payment_status: 'paid' } } },
    unpaid: { mine: { booking: { status: 'pending', payment_status: 'unpaid' } } },
    unconfirmed: { mine: { booking: { status: 'pending', payment_status: 'not_required' } } },
  };
  const found = await page.evaluate(async (rows) => {
    const { standing } = await import('/start/lib/schedules.js');
    const full = { availability: 'booked', seats_left: 0, starts_at: '2025-11-12T19:00:00.000+08:00', waitlist: { capacity: 8, length: 3, open: true }, mine: {} };
    const morning = Date.parse('2025-11-12T09:00:00.000+08:00');
    return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, standing({ ...full, ...row }, morning)]));
  }, table);
  for (const [expected, actual] of Object.entries(found)) assert.equal(actual, expected);
});

test('the clock is the server’s, and both languages say everything', async () => {
  const found = await page.evaluate(async () => {
    const { ServerClock, countdown, wallTime, dateAt } = await import('/start/lib/clock.js');
    const { zh } = await import('/start/lib/texts.zh.js');
    const { en } = await import('/start/lib/texts.en.js');
    const { describe } = await import('/start/views/log.js');
    const reminder = (deadline) => describe({ event: 'offer_reminder', server_time: '2025-11-12T12:40:00.000+08:00', data: { deadline } });
    const clock = new ServerClock();
    const ahead = (ms) => new Date(Date.now() + ms).toISOString();
    clock.observe(ahead(60_000 - 40));
    clock.observe(ahead(60_000 - 900));
    const slots = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
    return {
      off: Math.abs(clock.now() - Date.now() - 59_960) < 20,
      reminders: [reminder('2025-11-12T12:45:00.000+08:00'), reminder('2025-11-12T12:40:20.000+08:00')],
      shown: [countdown(900_000), countdown(61_001), countdown(1), countdown(-5), countdown(3_661_000)],
      local: [wallTime('2025-11-12T12:45:00.000+08:00'), dateAt(Date.parse('2025-11-11T16:00:00Z'), 'UTC+08:00')],
      uneven: [...new Set([...Object.keys(zh), ...Object.keys(en)])].filter((key) => !zh[key] || !en[key] || slots(zh[key]) !== slots(en[key])),
    };
  });
  assert.deepEqual(found, {
    off: true,
    reminders: ['确认预约？还剩5分钟决策时间', '确认预约？还剩20秒决策时间'],
    shown: ['15:00', '1:02', '0:01', '0:00', '1:01:01'],
    local: ['12:45', '2025-11-12'],
    uneven: [],
  });
});

test('no console error, no CSP violation, nothing fetched from outside', () => {
  assert.deepEqual(seen.faults, []);
});

test('the page goes out with a policy that allows no foreign and no inline code', async () => {
  const policy = (await fetch(`${server.base}/`)).headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'self'/);
  assert.ok(!policy.includes('unsafe-'), policy);
});

test('no classes to come, and a server without demo logins, are said in words', async () => {
  const { page: own, seen: ownSeen, context } = await openPage(browser, server.base);
  await own.route('**/api/v1/slots*', (route) => route.fulfill({ json: { code: 200, message: '操作成功', data: { date: '2025-11-12', items: [] } } }));
  await own.goto(`${server.base}/`);
  await own.getByText('今天和明天没有课程了').waitFor();
  for (const id of ['#lab-class', '#lab-rush', '#lab-release']) assert.ok(await own.locator(id).isDisabled(), id);
  await own.route('**/api/v1/login', (route) => route.fulfill({ status: 401, json: { code: 401, message: '登录失败', data: null, reason: 'invalid_credentials' } }));
  await own.route('**/api/v1/slots*', (route) => route.fulfill({ status: 401, json: { code: 401, message: '请先登录', data: null, reason: 'token_invalid' } }));
  const asked = ownSeen.requests.length;
  await own.evaluate(() => localStorage.removeItem('yueke.token'));
  await own.reload();
  await own.getByText('这是一台约课预约服务器').waitFor();
  await own.evaluate(() => dispatchEvent(new Event('focus')));
  await own.waitForTimeout(300);
  const logins = ownSeen.requests.slice(asked).filter((r) => r.endsWith('/login'));
  assert.equal(logins.length, 1, 'what was refused once is not tried again');
  assert.equal(await own.locator('#board-notice a').getAttribute('href'), '/api/v1/docs/');
  const words = await own.locator('body').innerText();
  for (const demo of ['您现在是学员', '发起抢课', '演示模式，', '演示书院']) assert.ok(!words.includes(demo), `${demo} in: ${words}`);
  await shoot('8-production', own);
  await context.close();
});

for (const [width, height] of [[1280, 900], [390, 844], [390, 600]]) {
  test(`an offer’s countdown and buttons are in full view at ${width}×${height}`, async () => {
    const { page: own, context } = await openPage(browser, server.base, { viewport: { width, height } });
    await openBoard(own, server.base);
    const { id } = await quietFullClass();
    const ownCard = own.locator(`[data-schedule="${id}"]`);
    await ownCard.locator('[data-action="join"]').click();
    await ownCard.and(own.locator('[data-standing="waiting"]')).waitFor();
    await own.click('#lab-release');
    await ownCard.locator('[data-action="accept"]').waitFor();
    // Until they are gone by themselves, the toasts are never more than two.
    for (let look = 0; look < 8; look += 1) {
      await own.waitForTimeout(300);
      assert.ok((await own.locator('.toast').count()) <= 2);
    }
    assert.ok((await own.locator('.toast').count()) > 0, 'something to cover the offer with');
    const parts = await own.evaluate((name) => {
      const offered = document.querySelector(`[data-schedule="${name}"]`);
      return [...offered.querySelectorAll('.card__timer, .card__actions .button')].map((part) => {
        const { left, right, top, bottom } = part.getBoundingClientRect();
        const corners = [[left + 5, top + 5], [right - 5, top + 5], [left + 5, bottom - 5], [right - 5, bottom - 5]];
        return corners.every(([x, y]) => part.contains(document.elementFromPoint(x, y)));
      });
    }, id);
    await shoot(`offer-${width}-${height}`, own);
    assert.deepEqual(parts, [true, true, true], 'timer, accept, decline');
    await ownCard.locator('[data-action="accept"]').click();
    await ownCard.locator('[data-action="cancel"]').click();
    await context.close();
  });
}

test('late in the evening the board is as full, with tomorrow’s classes', async () => {
  for (const [time, tomorrows] of [['20:00', 7], ['23:40', 8]]) {
    const evening = path.join(folder, `evening-${tomorrows}`);
    mkdirSync(evening);
    const own = await Server.create(evening, `2025-11-12T${time}:00.000+08:00`);
    try {
      await own.start();
      const { page: late, context } = await openPage(browser, own.base);
      await openBoard(late, own.base);
      assert.equal(await late.locator('.card').count(), 8, time);
      assert.equal(await late.locator('.card__time', { hasText: '明天 11-13' }).count(), tomorrows, time);
      assert.equal(await late.locator('#lab-class option', { hasText: /^11-13 / }).count(), tomorrows, time);
      await shoot(`9-evening-${tomorrows}`, late);
      if (tomorrows === 7) {
        const admin = await Person.logIn(own.base, 'root', 'admin');
        await admin.call('PUT', '/dev/clock', { now: '2025-11-13T00:00:01.000+08:00' });
        await late.reload();
        await late.getByText('今天是 2025-11-13').waitFor();
        assert.deepEqual([await late.locator('.card').count(), await late.getByText('明天').count()], [7, 0]);
      }
      await context.close();
    } finally {
      await own.stop();
    }
  }
});

test('the page says when the server is away and catches up when it is back', async () => {
  await server.stop();
  await page.locator('#link-state[data-state="waiting"], #link-state[data-state="connecting"]').waitFor();
  await page.getByText('连接已断开').waitFor();
  await shoot('8-away');
  await server.start();
  // What happens before the page is back must reach it all the same.
  rival = await Person.logIn(server.base, 'rival');
  const { items } = await rival.call('GET', '/slots');
  arena = items.find((i) => i.seats_left > 1);
  const before = arena.seats_taken;
  await rival.call('POST', '/dev/rush', { schedule_id: arena.id, students: 1 });
  await page.locator('#link-state[data-state="live"]').waitFor({ timeout: 40_000 });
  await until('the missed booking', async () => (await number('taken')) === before + 1);
  assert.equal(await page.getByText('连接已断开').count(), 0);
});
