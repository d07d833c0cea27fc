// Every page of the console as it looks: with the demo's data and in a school that has nothing yet, in
// light and in dark, on a desk and on a phone, in both languages; and with far more than usual in it.
//
// Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lowContrast } from './browser.mjs';
import { at, axeFindings, DAY, Desk, dialog, forgive, scrollsSideways, until, visit } from './console-desk.mjs';

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
const PAGES = {
  board: '/board',
  week: '/board?view=week',
  courses: '/courses',
  plan: '/schedule/new',
  queues: '/waitlists',
  waiting: '/waitlists?tab=people',
  sizes: '/waitlists?tab=sizes',
  messages: '/notifications',
  rates: '/notifications?tab=rates',
  people: '/people',
  health: '/health',
  nowhere: '/nowhere',
};
/** What is Chinese in English too: the name of the product, and the way back. */
const CHINESE_ALLOWED = /约课|中文/g;
/** Words of the server's that nobody should have to read, and keys of texts that are missing. */
const RAW = /\b[a-z]+_[a-z_]+\b|\b(?:nav|board|card|class|roster|queue|story|ev|verdict|course|courses|plan|notes|note|kind|people|person|health|audit|role|do|ask|done)\.[a-z][a-z_.]*\b/;
let school;
let empty;

before(async () => {
  [school, empty] = await Promise.all([Desk.open('console-pages'), Desk.open('console-pages-empty', { now: at('06:00'), demoData: false })]);
});

after(() => Promise.all([school?.close(), empty?.close()]));

/** Nothing is loading any more. */
async function settled(page) {
  await until('the page to be there', () => page.evaluate(() => !document.querySelector('.skeleton') && (document.querySelector('main')?.innerText.trim().length ?? 0) > 0));
}

/** Goes to each page in one window and looks at it. */
async function look(desk, pages, { colorScheme, viewport, axe, name }) {
  const { page, seen, context } = await desk.window('admin', 'root', '/board', { colorScheme, viewport });
  for (const [title, address] of Object.entries(pages)) {
    await visit(page, address);
    await settled(page);
    await desk.shoot(page, `${name}-${title}-${colorScheme}-${viewport.width}`, { fullPage: true });
    assert.equal(await scrollsSideways(page), false, `${title} is wider than ${viewport.width}`);
    // Axe looks at the contrast too.
    if (axe) assert.deepEqual(await axeFindings(page), [], `axe on ${title} in ${colorScheme} at ${viewport.width}`);
    else assert.deepEqual(await lowContrast(page), [], `contrast of ${title} in ${colorScheme}`);
  }
  assert.deepEqual(seen.faults, []);
  await context.close();
}

/** The pages that need something to be about. */
async function about(desk) {
  const { items: classes } = await desk.admin.call('GET', `/schedules?from=${DAY}&to=${DAY}&page_size=100`);
  const [busy] = classes.sort((a, b) => b.waitlist.length - a.waitlist.length);
  await desk.admin.call('POST', '/dev/release', { schedule_id: busy.id });
  const { items: people } = await desk.admin.call('GET', '/users?role=admin');
  return { ...PAGES, class: `/classes/${busy.id}`, person: `/people/${people[0].id}` };
}

let pages;
for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [DESK, PHONE]) {
    test(`every page with data, in ${colorScheme} at ${viewport.width}`, async () => {
      pages ??= await about(school);
      await look(school, pages, { colorScheme, viewport, axe: (colorScheme === 'dark') === (viewport === PHONE), name: 'data' });
    });
  }
}

for (const [colorScheme, viewport] of [['light', PHONE], ['dark', DESK]]) {
  test(`every page of a school that has nothing yet, in ${colorScheme} at ${viewport.width}`, async () => {
    await look(empty, PAGES, { colorScheme, viewport, axe: true, name: 'empty' });
  });
}

test('what is not there is said in words: a class, a person', async () => {
  const { page, seen, context } = await empty.window('admin', 'root');
  for (const address of ['/classes/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/people/01ARZ3NDEKTSV4RRFFQ69G5FAV']) {
    await visit(page, address);
    await page.locator('.empty').first().waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await until('the refusal', () => seen.faults.some((fault) => fault.includes('status of 404')));
    forgive(seen, /status of 404/);
  }
  await empty.shoot(page, 'no-person');
  await context.close();
});

/** Names, places and notes without a Chinese letter, so that whatever is Chinese is the console's. */
async function furnish({ admin, students }) {
  const { id: course } = await admin.call('POST', '/courses', { name: 'Piano', kind: 1, duration_min: 60, price_fen: 0, category: 'Music' });
  const make = async (time, more) => (await admin.call('POST', '/schedules', { course_id: course, starts_at: at(time), location: 'Room 1', ...more })).id;
  const full = await make('16:00', { capacity: 1 });
  await make('18:00', { capacity: 4 });
  const [amy, ben, cat] = students;
  const booking = await amy.book(full);
  await ben.join(full);
  await cat.join(full);
  await amy.cancel(booking);
  return { ...PAGES, class: `/classes/${full}`, asked: `/classes/${full}?person=${ben.student}`, person: `/people/${amy.account}` };
}

test('in English nothing Chinese is left, no key of a missing text and no word of the server’s', async () => {
  const furnished = await furnish({ admin: empty.admin, students: await empty.students(['amy', 'ben', 'cat']) });
  const { page, seen, context } = await empty.window('admin', 'root', '/board', { locale: 'en-GB', viewport: DESK });
  for (const [title, address] of Object.entries(furnished)) {
    await visit(page, address);
    await settled(page);
    await empty.shoot(page, `english-${title}`, { fullPage: true });
    await spoken(page, title);
  }
  await visit(page, furnished.class);
  await page.getByRole('heading', { name: 'Piano' }).waitFor();
  for (const button of ['Book for someone', 'Time and place', 'Seats', 'Block', 'Revoke']) {
    await page.getByRole('button', { name: button, exact: true }).click();
    await dialog(page).waitFor();
    await spoken(page, button);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
  }
  await page.keyboard.press('?');
  await dialog(page).waitFor();
  await spoken(page, 'shortcuts');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  assert.deepEqual(seen.faults, []);
  await context.close();
});

/** Looks at every word: those that are seen, and those that are read out. */
async function spoken(page, where) {
  const words = await page.evaluate(() => {
    const read = [...document.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap((element) => ['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''));
    return [document.title, document.body.innerText, ...read].join('\n').split('\n');
  });
  for (const line of words) {
    assert.ok(!/\p{Script=Han}/u.test(line.replace(CHINESE_ALLOWED, '')), `Chinese on ${where}: ${line}`);
    assert.ok(!RAW.test(line) && !/undefined|NaN|\[object/.test(line), `raw on ${where}: ${line}`);
  }
}

test('five hundred classes on a day: all are listed, the last is reached by a key, some are followed', async () => {
  const day = '2025-11-20';
  const { items: courses } = await school.admin.call('GET', '/courses');
  const starts = Array.from({ length: 500 }, (_, index) => new Date(Date.parse(at('00:00', day)) + index * 150_000).toISOString());
  for (let from = 0; from < starts.length; from += 200) {
    const items = starts.slice(from, from + 200).map((starts_at) => ({ starts_at }));
    const { created } = await school.admin.call('POST', '/schedules/batch', { course_id: courses[0].id, items });
    assert.equal(created.length, items.length);
  }
  for (const viewport of [DESK, PHONE]) {
    const { page, seen, context } = await school.window('operator', '运营', `/board?date=${day}`, { viewport });
    await until('all of them', async () => (await page.locator('.card').count()) === 500);
    await page.locator('.counts').getByText('500', { exact: true }).waitFor();
    await page.locator('.card[tabindex="0"]').focus();
    await page.keyboard.press('End');
    const last = page.locator('.card').last();
    await until('the last in view', () => last.evaluate((card) => card.getBoundingClientRect().top < innerHeight && document.activeElement === card));
    const id = await last.getAttribute('data-id');
    await until('the last is followed', () => seen.heard.some(({ topic }) => topic === `schedule:${id}`));
    const followed = new Set(seen.said.filter(({ type }) => type === 'subscribe').map(({ topic }) => topic));
    assert.ok(followed.size < 400, `${followed.size} were subscribed on the way`);
    assert.equal(await scrollsSideways(page), false);
    await school.shoot(page, `500-classes-${viewport.width}`);
    assert.deepEqual(seen.faults, []);
    await context.close();
  }
});

test('five hundred people in a class: the roster lists them all, on a desk and on a phone', async () => {
  const { items: courses } = await school.admin.call('GET', '/courses');
  const { id } = await school.admin.call('POST', '/schedules', { course_id: courses[0].id, starts_at: at('20:00', '2025-11-21'), capacity: 600 });
  const rush = await school.admin.call('POST', '/dev/rush', { schedule_id: id, students: 500 });
  assert.equal(rush.booked, 500);
  for (const viewport of [DESK, PHONE]) {
    const { page, seen, context } = await school.window('operator', '运营', `/classes/${id}`, { viewport });
    await page.getByText('名单（500/600）').waitFor();
    assert.equal(await page.locator('.roster__table').first().locator('tbody tr').count(), 500);
    await page.locator('.story__line').first().waitFor();
    assert.equal(await scrollsSideways(page), false);
    await school.shoot(page, `500-people-${viewport.width}`);
    assert.deepEqual(seen.faults, []);
    await context.close();
  }
});
