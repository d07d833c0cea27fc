// The page at `/` as a visitor meets it: two phones side by side race for a seat within a minute.
//
// The tests are one visit and run in order.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { en } from '../../start/lib/texts.en.js';
import { zh } from '../../start/lib/texts.zh.js';
import { lowContrast, openPage, seriousFindings } from './browser.mjs';
import { Person } from './server.mjs';
import { Stage } from './stage.mjs';

const WAIT_MS = 15_000;
const WIDE = { viewport: { width: 1366, height: 900 }, reducedMotion: 'reduce' };
const stage = await Stage.open('start');
const { page, seen } = await visitor(WIDE);
let rival = await Person.logIn(stage.server.base, 'rival');

const shoot = (name, on = page) => on.screenshot({ path: path.join(stage.folder, `${name}.png`) });
/** The screen of one of the two phones. */
const phone = (index, on = page) => on.frameLocator(`.phone >> nth=${index} >> iframe`).locator('h5-frame:not([hidden]) > wx-page');
const step = (name) => page.locator(`[data-step="${name}"]`);
const isDone = (name) => step(name).and(page.locator('[data-state="done"]')).waitFor();
const arena = () => page.inputValue('#lab-class');
const names = (on = page) => on.locator('.phone__name').allInnerTexts();

/** A visitor with a browser of their own. */
async function visitor(options) {
  const view = await openPage(stage.browser, stage.server.base, options);
  view.page.setDefaultTimeout(WAIT_MS);
  return view;
}

async function open(on = page) {
  await on.goto(`${stage.server.base}/`);
  await on.locator('#link-state[data-state="live"]').waitFor();
  await on.locator('.phone').nth(1).waitFor();
}

/** Nothing that a device would refuse happened on either phone. */
async function areWell(on = page) {
  const phones = on.frames().filter((frame) => frame.url().includes('/m/'));
  assert.equal(phones.length, 2);
  for (const frame of phones) assert.deepEqual(await frame.evaluate(() => __mp.problems), []);
}

/** Says no where WeChat asks whether it may write: the question covers what the phone shows. */
async function join(index, on = page) {
  const frame = on.frameLocator(`.phone >> nth=${index} >> iframe`);
  await phone(index, on).getByRole('button', { name: '加入候补' }).click();
  await frame.getByRole('dialog').getByRole('button', { name: '拒绝' }).click();
  await phone(index, on).getByText(/您是第\d+位候补/).waitFor();
}

async function confirm(index) {
  await phone(index).getByRole('button', { name: '有名额，立即预约' }).click();
  const sheet = phone(index).getByRole('dialog');
  await sheet.getByRole('button', { name: '确认预约', exact: true }).click();
}

/** Where one of the two waited already before this page was opened. */
let elsewhere;

test('two phones look at one class in whose queue there is room', async () => {
  const early = await Person.logIn(stage.server.base, '林小雨');
  const { items } = await rival.call('GET', '/slots');
  elsewhere = items.findLast(({ seats_left: left, waitlist }) => left === 0 && waitlist.open && waitlist.length < waitlist.capacity).id;
  await early.call('POST', '/waitlist/join', { course_schedule_id: elsewhere });
  await stage.school.at('06:01');
  await open();
  assert.deepEqual(await names(), ['林小雨', '王子轩']);
  for (const index of [0, 1]) await phone(index).getByText('已满员').waitFor();
  const { waitlist, course_name: course } = await rival.call('GET', `/schedules/${await arena()}`);
  assert.ok(waitlist.capacity - waitlist.length >= 2);
  assert.match(await page.locator('#lab-class option:checked').innerText(), new RegExp(course));
  assert.equal(await step('join').getAttribute('aria-current'), 'step');
  await shoot('1 open');
});

test('both join, a seat is freed, both are offered it, one is quicker: the steps follow by themselves', async () => {
  const began = Date.now();
  await join(0);
  await join(1);
  await isDone('join');
  await page.locator('.phone__state', { hasText: /第\d+位候补/ }).nth(1).waitFor();
  await page.click('#lab-release');
  for (const index of [0, 1]) await phone(index).getByText('有名额，立即预约').first().waitFor();
  await isDone('release');
  await shoot('2 offered');
  await confirm(1);
  await phone(1).getByText('预约成功').waitFor();
  await phone(0).getByText('名额已被抢占').first().waitFor();
  await isDone('race');
  await page.locator('#outcome', { hasText: '王子轩抢到了名额' }).waitFor();
  await page.locator('.phone__state', { hasText: '已预约' }).waitFor();
  await shoot('3 won');
  // Whoever is done is asked once more for what the message used up.
  await phone(1).getByRole('button', { name: '完成' }).click();
  await page.frameLocator('.phone >> nth=1 >> iframe').getByRole('dialog', { name: '订阅消息' }).getByRole('button', { name: '拒绝' }).click();
  assert.ok(Date.now() - began < 60_000, 'within a minute');
  await areWell();
});

test('two others begin anew where the two before have left the queue, and a reload keeps them', async () => {
  const id = await arena();
  const [loser, winner] = await Promise.all(['林小雨', '王子轩'].map((name) => Person.logIn(stage.server.base, name)));
  const place = async (person) => (await person.call('GET', `/schedules/${id}`)).mine;
  await page.route('**/api/v1/waitlist/my*', (route) => route.abort());
  await page.click('#again');
  await page.locator('.toast', { hasText: '没有换人' }).waitFor();
  assert.deepEqual(await names(), ['林小雨', '王子轩'], 'nobody is changed when the queue cannot be left');
  assert.equal((await place(loser)).waitlist_entry.status, 'waiting');
  await page.unroute('**/api/v1/waitlist/my*');
  seen.faults = seen.faults.filter((fault) => !/ERR_FAILED .*waitlist\/my/.test(fault));
  await page.click('#again');
  await page.locator('.phone__name', { hasText: '陈思远' }).waitFor();
  assert.equal((await place(loser)).waitlist_entry, null);
  assert.equal((await loser.call('GET', `/schedules/${elsewhere}`)).mine.waitlist_entry.status, 'waiting', 'what was before this page is none of its business');
  assert.equal((await place(winner)).booking.status, 'confirmed');
  await page.locator('#former', { hasText: /林小雨已退出“.+”的候补。王子轩保留“.+”的座位。/ }).waitFor();
  await shoot('3b two others');
  await phone(0).getByText('座位').waitFor();
  assert.deepEqual(await names(), ['陈思远', '赵一诺']);
  assert.equal(await page.locator('[data-state="done"]').count(), 0);
  assert.equal(await page.locator('#outcome').innerText(), '');
  await open();
  assert.deepEqual(await names(), ['陈思远', '赵一诺']);
});

test('where there is no class yet, there is nothing to begin anew', async () => {
  const late = await visitor(WIDE);
  await late.page.route('**/api/v1/slots*', (route) => route.abort());
  await late.page.goto(`${stage.server.base}/`);
  await late.page.locator('#notice .notice').waitFor();
  assert.equal(await late.page.locator('#again').isDisabled(), true);
  assert.equal(await late.page.locator('.phone iframe').count(), 0);
  await late.page.unroute('**/api/v1/slots*');
  await late.page.locator('.phone iframe').nth(1).waitFor();
  assert.equal(await late.page.locator('#again').isEnabled(), true);
  await late.context.close();
});

test('a rush fills a class, which both phones see', async () => {
  const { items } = await rival.call('GET', '/slots');
  const { id } = items.filter((i) => i.seats_left > 0 && i.waitlist.open).sort((a, b) => b.seats_left - a.seats_left)[0];
  await page.selectOption('#lab-class', id);
  for (const index of [0, 1]) await phone(index).getByText(/剩 \d+ 席/).waitFor();
  await page.fill('#lab-students', '60');
  await page.click('#lab-rush');
  await page.locator('#lab-result .outcome--booked').waitFor();
  const counts = await Promise.all(['booked', 'queued', 'refused'].map((kind) => page.locator(`.outcome--${kind} strong`).innerText()));
  assert.equal(counts.map(Number).reduce((sum, count) => sum + count), 60);
  const truth = await rival.call('GET', `/schedules/${id}`);
  assert.equal(truth.seats_left, 0);
  for (const index of [0, 1]) {
    await phone(index).getByText('已满员').waitFor();
    await phone(index).getByText(`候补: ${truth.waitlist.length}/${truth.waitlist.capacity}人`).first().waitFor();
  }
  await shoot('4 rush');
  await areWell();
});

test('a seat that is freed before both wait says what is missing', async () => {
  await page.click('#lab-release');
  await page.locator('#outcome', { hasText: '还没有都在候补里' }).waitFor();
});

test('the language changes, is sent along and is remembered', async () => {
  await page.click('#language');
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.match(await page.locator('h1').innerText(), /[a-z]/);
  const request = page.waitForRequest((asked) => asked.url().includes('/api/v1/slots') && asked.frame() === page.mainFrame());
  await page.reload();
  assert.equal((await request).headers()['accept-language'], 'en');
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.locator('#link-state[data-state="live"]').waitFor();
  await shoot('5 english');
  await page.click('#language');
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
});

test('both languages say everything', () => {
  const slots = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
  const uneven = [...new Set([...Object.keys(zh), ...Object.keys(en)])].filter((key) => !zh[key] || !en[key] || slots(zh[key]) !== slots(en[key]));
  assert.deepEqual(uneven, []);
});

for (const locale of ['zh-CN', 'en-US']) {
  test(`at 1366×768 all three cards are there without a turn of the wheel: ${locale}`, async () => {
    const { page: own, context } = await visitor({ ...WIDE, viewport: { width: 1366, height: 768 }, locale });
    await open(own);
    await phone(0, own).getByText('座位').waitFor();
    await shoot(`5b laptop ${locale}`, own);
    const [toasts, side] = await Promise.all(['.toasts', '.side'].map((place) => own.locator(place).boundingBox()));
    assert.ok(toasts.x + toasts.width <= side.x, 'what is told for a moment does not cover what is to be pressed next');
    const ends = await own.locator('.side .panel').evaluateAll((panels) => panels.map((panel) => Math.ceil(panel.getBoundingClientRect().bottom)));
    assert.equal(ends.length, 3);
    assert.ok(ends.every((end) => end <= 768), `they end at ${ends}`);
    // What a rush adds is reached with the page, whose scroll bar is where everybody looks for it.
    await own.locator('#lab-rush').click();
    await own.locator('#lab-result .outcome--booked').waitFor();
    assert.equal(await own.locator('.side').evaluate((side) => side.scrollHeight > side.clientHeight), false);
    await own.locator('.ways a').last().scrollIntoViewIfNeeded();
    assert.ok(await own.locator('.ways a').last().isVisible());
    await context.close();
  });
}

for (const [locale, expected] of [['en-US', 'en'], ['zh-TW', 'zh-CN'], ['fr-FR', 'en']]) {
  test(`the page opens in the browser's language: ${locale}`, async () => {
    const { page: own, context } = await visitor({ ...WIDE, locale });
    await own.goto(`${stage.server.base}/`);
    assert.equal(await own.locator('html').getAttribute('lang'), expected);
    await context.close();
  });
}

for (const colorScheme of ['light', 'dark']) {
  test(`all can be read in ${colorScheme}, and axe finds nothing serious`, async () => {
    const { page: own, seen: { faults }, context } = await visitor({ ...WIDE, colorScheme });
    await open(own);
    await phone(0, own).getByText('座位').waitFor();
    const paper = await own.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(Math.max(...paper.match(/\d+/g).slice(0, 3).map(Number)) < 128, colorScheme === 'dark', paper);
    assert.deepEqual(await lowContrast(own), []);
    assert.deepEqual(await seriousFindings(own), []);
    await shoot(`6 ${colorScheme}`, own);
    assert.deepEqual(faults, []);
    await context.close();
  });
}

test('at 360 px there are links to the two phones, and nothing scrolls sideways', async () => {
  const { page: own, seen: { faults }, context } = await visitor({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await open(own);
  for (const language of ['zh-CN', 'en']) {
    assert.equal(await own.locator('html').getAttribute('lang'), language);
    assert.equal(await own.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, language);
    await own.screenshot({ path: path.join(stage.folder, `7 narrow ${language}.png`), fullPage: true });
    await own.tap('#language');
  }
  assert.equal(await own.locator('iframe').count(), 0);
  const opened = context.waitForEvent('page');
  await own.locator('.phone__name').first().tap();
  const mini = await opened;
  await mini.locator('h5-frame:not([hidden]) > wx-page').getByText('座位').waitFor();
  assert.equal(new URL(mini.url()).searchParams.get('person'), '林小雨');
  assert.deepEqual(faults, []);
  await context.close();
});

test('the page goes out with a policy that allows no foreign and no inline code', async () => {
  for (const place of ['/', '/m/']) {
    const policy = (await fetch(`${stage.server.base}${place}`)).headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'self'/);
    const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? '';
    assert.ok(!scripts.includes('unsafe-') && !/https?:/.test(policy), `${place}: ${policy}`);
  }
});

test('the ways lead to the console, a teacher’s phone and WeChat', async () => {
  const ways = await page.locator('.ways a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  for (const way of ways) assert.equal((await fetch(new URL(way, stage.server.base))).status, 200, way);
  assert.ok(ways.some((way) => way.startsWith('/console/')) && ways.some((way) => way.startsWith('/m/?role=teacher')));
});

test('a server that restarts is said so, and the page and both phones catch up', async () => {
  await open();
  const id = await arena();
  await phone(0).getByText('座位').waitFor();
  await stage.server.stop();
  await page.locator('#link-state[data-state="waiting"], #link-state[data-state="connecting"]').waitFor();
  await phone(0).getByText('连接已断开，正在重连…').waitFor();
  await shoot('8 away');
  await stage.restart();
  rival = await Person.logIn(stage.server.base, 'rival');
  await rival.call('POST', '/dev/release', { schedule_id: id });
  const truth = await rival.call('GET', `/schedules/${id}`);
  await page.locator('#link-state[data-state="live"]').waitFor({ timeout: 40_000 });
  for (const index of [0, 1]) {
    await phone(index).getByText('连接已断开，正在重连…').waitFor({ state: 'detached', timeout: 40_000 });
    await phone(index).getByText(`已约 ${truth.seats_taken}`).waitFor();
  }
  await areWell();
  // What Chromium says of a server that is away is what was done to it.
  const faults = seen.faults.filter((fault) => !/ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|WebSocket connection|status of 503/.test(fault));
  assert.deepEqual(faults, []);
});
