// Answers that are cut off after the server has done what it was asked for, and answers that take long:
// nothing is done twice, and the page says what is so.
//
// The tests run in order, on one server. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { at, Desk, dialog, forgive, live, meant, rosterRow, toast, TOKEN_RAN_OUT, until, visit } from './console-desk.mjs';

const NEXT = '2025-11-13';
const CUT = /ERR_FAILED|ERR_CONNECTION|ERR_EMPTY/;
let desk;
let office;
let page;
let course;
let people;

before(async () => {
  desk = await Desk.open('console-cut');
  course = (await desk.admin.call('POST', '/courses', { name: '断线练习', kind: 1, duration_min: 30, default_capacity: 3 })).id;
  people = await desk.students(['阿安', '阿冰']);
  office = await desk.window('admin', '运营');
  page = office.page;
});

after(() => desk?.close());

/**
 * Lets the server do what is asked for, and cuts so many of its answers. Answers with the keys under which it was
 * asked, cut or not.
 */
async function cut(where, times, isMeant = () => true) {
  const keys = [];
  let left = times;
  await page.route(where, async (route) => {
    if (!isMeant(route.request())) return route.continue();
    keys.push(route.request().headers()['idempotency-key']);
    if (left === 0) return route.continue();
    left -= 1;
    await route.fetch();
    return route.abort();
  });
  return keys;
}

const planned = async (from, to) => (await desk.admin.call('GET', `/schedules?from=${from}&to=${to}&course_id=${course}&page_size=100`)).items;

async function plan(from, until, times) {
  await visit(page, `/schedule/new?course=${course}&date=${from}&again=${from}`);
  await page.getByLabel('从', { exact: true }).fill(from);
  await page.getByLabel('到（含）').fill(until);
  await page.getByLabel('开始时间').fill(times);
  for (const name of ['周一', '周二', '周三', '周四', '周五', '周六', '周日']) await page.getByRole('checkbox', { name }).check();
  await page.getByRole('button', { name: '预览' }).click();
}

/** A preview asks the same address, and makes nothing. */
const isMaking = (request) => !JSON.parse(request.postData()).dry_run;

test('many classes, and the answer to the first of them is cut once: the same key, and each is made once', async () => {
  await plan('2025-11-17', '2025-11-26', '09:00 10:00 11:00');
  const keys = await cut('**/api/v1/schedules/batch', 1, isMaking);
  await page.getByRole('button', { name: '排课 30 节' }).click();
  await page.getByText('已排 30 节课').waitFor();
  await page.unroute('**/api/v1/schedules/batch');
  // Twenty at once, the first twenty asked for twice.
  assert.equal(keys.length, 3);
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[1], keys[2]);
  assert.equal((await planned('2025-11-17', '2025-11-26')).length, 30);
});

test('every answer is cut: the page says that they may be planned, warns who leaves, and going on plans none twice', async () => {
  await plan('2025-12-01', '2025-12-10', '09:00 10:00 11:00');
  const keys = await cut('**/api/v1/schedules/batch', 3, isMaking);
  await page.getByRole('button', { name: '排课 30 节' }).click();
  await page.getByText('有 20 节可能已经排上，也可能没有').waitFor();
  await desk.shoot(page, 'plan-unknown');
  assert.equal((await planned('2025-12-01', '2025-12-10')).length, 20, 'the server has done it');
  const asked = page.waitForEvent('dialog');
  const leaving = page.evaluate(() => location.reload());
  const warning = await asked;
  assert.equal(warning.type(), 'beforeunload');
  await warning.dismiss();
  await leaving;
  // Another page and back: what stopped is still there to go on with.
  await visit(page, '/courses');
  await page.getByRole('heading', { name: '课程', level: 1 }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: '继续', exact: true }).click();
  await page.getByText('已排 30 节课').waitFor();
  await page.unroute('**/api/v1/schedules/batch');
  assert.equal(new Set(keys.slice(0, 4)).size, 1, 'one key for the first twenty, however often');
  assert.equal(keys.length, 5);
  const made = (await planned('2025-12-01', '2025-12-10')).map(({ starts_at }) => starts_at);
  assert.equal(made.length, 30);
  assert.equal(new Set(made).size, 30, 'no two at the same time');
  assert.equal(await page.locator('.outcome__rows li').count(), 30, 'the page knows all that were made');
});

test('attendance is taken back both ways, and so is a mark whose answers were cut', async () => {
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: at('08:00', NEXT) });
  for (const student of people) await student.book(id);
  await desk.moveTo(at('08:05', NEXT));
  await visit(page, `/classes/${id}`);
  const mark = (what, name) => page.getByRole('button', { name: `${what}：${name}`, exact: true }).click();
  const shown = (name, text) => rosterRow(page, name).locator('.badge', { hasText: text }).waitFor();
  const undo = (text) => page.getByRole('button', { name: `撤销：${text}（断线练习 · 今天 08:00）` }).click();
  const states = async () => Object.fromEntries((await desk.admin.call('GET', `/schedules/${id}/roster`)).bookings.map(({ nickname, status }) => [nickname, status]));
  for (const [name, first, other, status] of [['阿安', '到课', '爽约', 'completed'], ['阿冰', '爽约', '到课', 'no_show']]) {
    await mark(first, name);
    await shown(name, first);
    await mark(other, name);
    await shown(name, other);
    await undo(`${name} ${other}`);
    await toast(page, `已撤销：${name} ${other}`).waitFor();
    await shown(name, first);
    assert.equal((await states())[name], status);
  }

  // The server takes the mark back; all that it says of it is lost.
  await mark('爽约', '阿安');
  await shown('阿安', '爽约');
  const keys = await cut('**/api/v1/bookings/*/complete', 3);
  const news = toast(page, '阿安 爽约').filter({ has: page.getByRole('button', { name: '撤销' }) });
  await news.getByRole('button', { name: '撤销' }).last().click();
  await toast(page, '不知道“阿安 爽约”撤销了没有').waitFor();
  assert.equal((await states())['阿安'], 'completed');
  await desk.shoot(page, 'undo-unknown');
  await news.getByRole('button', { name: '撤销' }).last().click();
  await toast(page, '已撤销：阿安 爽约').waitFor();
  assert.equal(new Set(keys).size, 1, 'one key, however often');
  assert.equal(keys.length, 4);
  await shown('阿安', '到课');

  // The mark itself, the same way: it is not told that it failed.
  await cut('**/api/v1/bookings/*/no-show', 3);
  await mark('爽约', '阿安');
  await toast(page, '不知道 阿安 标记上没有').waitFor();
  await shown('阿安', '爽约');
  await page.unroute('**/api/v1/bookings/*/complete');
  await page.unroute('**/api/v1/bookings/*/no-show');
  forgive(office.seen, TOKEN_RAN_OUT);
});

/** A window whose timers a test moves, on the page that audits; what it asks for is in `keys`. */
async function auditing(handle) {
  const own = await desk.window('operator', '小钱', '/health');
  await own.page.getByRole('button', { name: '开始核对' }).waitFor();
  await live(own.page);
  await own.page.clock.install();
  const keys = [];
  await own.page.route('**/api/v1/admin/audit', (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    return handle(route, keys.length);
  });
  return { ...own, keys };
}

test('an audit that takes longer than most answers may is waited for, and begun once', async () => {
  let say;
  const enough = new Promise((resolve) => { say = resolve; });
  const own = await auditing(async (route) => {
    const response = await route.fetch();
    await enough;
    await route.fulfill({ response });
  });
  await own.page.getByRole('button', { name: '开始核对' }).click();
  await until('the audit is asked for', () => own.keys.length === 1);
  await own.page.clock.runFor(25_000);
  assert.equal(await own.page.getByRole('button', { name: '正在核对…' }).isVisible(), true);
  say();
  await own.page.getByText('全部一致。').waitFor();
  assert.equal(own.keys.length, 1);
  await own.context.close();
});

test('an audit that nobody answers in time is said to be under way, and waited for again under its key', async () => {
  const cutOff = [];
  const own = await auditing(async (route, count) => {
    if (count > 3) return route.continue();
    // Done, and never told.
    if (count === 1) await route.fetch();
    return new Promise((resolve) => { cutOff.push(() => route.abort().catch(() => undefined).then(resolve)); });
  });
  await own.page.getByRole('button', { name: '开始核对' }).click();
  for (const count of [1, 2, 3]) {
    await until(`attempt ${count}`, async () => {
      if (cutOff.length >= count) return true;
      await own.page.clock.runFor(500);
      return false;
    });
    await own.page.clock.runFor(30_000);
  }
  await own.page.getByText('还没有等到结果：服务器迟迟没有答复').waitFor();
  await desk.shoot(own.page, 'audit-late');
  await own.page.getByRole('button', { name: '开始核对' }).click();
  await own.page.getByText('全部一致。').waitFor();
  assert.equal(own.keys.length, 4);
  assert.equal(new Set(own.keys).size, 1);
  await Promise.all(cutOff.map((end) => end()));
  await own.context.close();
});

test('somebody else’s audit is said to be running, and the own one is begun afterwards', async () => {
  const own = await auditing((route, count) => (count > 1 ? route.continue() : route.fulfill({
    status: 409,
    contentType: 'application/json',
    body: JSON.stringify({ code: 409, reason: 'audit_running', message: '核对正在进行，请稍候', data: null }),
  })));
  await own.page.getByRole('button', { name: '开始核对' }).click();
  await own.page.getByRole('alert').getByText('核对正在进行').waitFor();
  await meant(own.seen, 409);
  await own.page.getByRole('button', { name: '开始核对' }).click();
  await own.page.getByText('全部一致。').waitFor();
  assert.equal(await dialog(own.page).count(), 0);
  assert.deepEqual(own.seen.faults, []);
  await own.context.close();
});

test('no console error but those of the cuts, no CSP violation, nothing fetched from outside', () => {
  forgive(office.seen, CUT);
  assert.deepEqual(office.seen.faults, []);
});
