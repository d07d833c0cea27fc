// The console as operators and coaches meet it: Chromium, the real binary, a clock that is moved.
//
//   cargo build && node --test scripts/browser/console.mjs
//
// The tests run in order, on one server. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, lowContrast, openPage } from './browser.mjs';
import { Person, Server } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 15_000;
const PAGES = [
  'board',
  'board?view=week',
  'courses',
  'schedule/new',
  'waitlists',
  'waitlists?tab=people',
  'waitlists?tab=sizes',
  'notifications',
  'notifications?tab=rates',
  'people',
  'health',
];

const root = process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-console-'));
const folder = path.join(root, 'console');
// What an earlier run left there would be taken for the demo's.
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

let server;
let browser;
let context;
let page;
let seen;
let admin;
let operator;
let amy;
let ben;

const card = (name) => page.locator('.card', { hasText: name }).first();
const show = (place) => page.evaluate((hash) => (location.hash = hash), `#/${place}`);
const live = () => page.locator('.dot--live').first().waitFor({ state: 'attached' });
const advance = (minutes) => admin.call('PUT', '/dev/clock', { advance_ms: minutes * 60_000 });
const classOf = async (name) => (await operator.call('GET', '/slots')).items.find((slot) => slot.course_name === name);
const dialog = () => page.locator('dialog[open]');

/** Opens the console as somebody whom demo mode lets in by a tap. */
async function enter(on, who) {
  await on.goto(`${server.base}/console/`);
  await on.getByRole('button', { name: who }).click();
  await on.locator('.card').first().waitFor();
  await on.locator('.dot--live').first().waitFor({ state: 'attached' });
}

/** News of earlier tests would be taken for this one's. */
async function closeToasts() {
  while ((await page.locator('.toast').count()) > 0) await page.locator('.toast .icon-button').first().click();
}

/** Waits until `read` gives what is expected; says what it gave at last. */
async function becomes(read, expected) {
  const end = Date.now() + WAIT_MS;
  let got;
  do {
    got = await read();
    if (JSON.stringify(got) === JSON.stringify(expected)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  assert.deepEqual(got, expected);
}

/** What the tools find wrong with the page as it is. */
async function isWell(on, name) {
  await on.screenshot({ path: path.join(folder, `${name.replace(/\W+/g, '-')}.png`) });
  assert.equal(await on.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is too wide`);
  assert.deepEqual(await lowContrast(on), [], name);
  await on.evaluate(AXE);
  const found = await on.evaluate(
    async () => (await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] })).violations,
  );
  assert.deepEqual(
    found.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 2)
          .map(({ html }) => html.slice(0, 120))
          .join(' | ')}`,
    ),
    [],
    name,
  );
}

before(async () => {
  server = await Server.create(folder);
  process.on('exit', () => server.killNow());
  await server.start();
  browser = await launch();
  ({ page, seen, context } = await openPage(browser, server.base, { viewport: { width: 1280, height: 800 } }));
  page.setDefaultTimeout(WAIT_MS);
  [admin, operator, amy, ben] = await Promise.all([
    Person.logIn(server.base, '时钟', 'admin'),
    Person.logIn(server.base, '另一位运营', 'operator'),
    Person.logIn(server.base, '艾米'),
    Person.logIn(server.base, '本'),
  ]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('an operator is in by one tap and sees the day as it is', async () => {
  await page.goto(`${server.base}/console/`);
  await page.getByRole('button', { name: '运营', exact: true }).waitFor();
  await isWell(page, 'login');
  await enter(page, '运营');
  await becomes(() => page.locator('.card').count(), 9);
  await becomes(() => page.locator('.counts__one').first().locator('dd').textContent(), '9');
  await becomes(() => card('书法入门').locator('.card__taken').textContent(), '6/6');
  await becomes(() => card('书法入门').locator('.card__queue').textContent(), '候补: 3/8人');
  assert.deepEqual(seen.faults, []);
});

test('a booking appears at once, and each class is subscribed once', async () => {
  const chess = await classOf('国际象棋');
  await amy.call('POST', '/bookings', { schedule_id: chess.id });
  await becomes(() => card('国际象棋').locator('.card__taken').textContent(), '3/10');
  assert.equal((await card('国际象棋').locator('.flash').count()) > 0, true, 'what changed is seen to change');
  const topics = seen.said.filter((said) => said.type === 'subscribe').map((said) => said.topic);
  assert.equal(new Set(topics).size, topics.length, 'each class once');
});

test('filters and words leave what fits, and the address keeps them', async () => {
  await page.getByRole('button', { name: '只看满员' }).click();
  await becomes(() => page.locator('.card').count(), 4);
  // What is filtered out is followed too: it is there as soon as it fits.
  const { id, capacity, seats_taken } = await classOf('国际象棋');
  await operator.call('PATCH', `/schedules/${id}`, { capacity: seats_taken });
  await becomes(() => page.locator('.card').count(), 5);
  await operator.call('PATCH', `/schedules/${id}`, { capacity });
  await becomes(() => page.locator('.card').count(), 4);
  await page.getByRole('searchbox').first().fill('林老师');
  await becomes(() => page.locator('.card').count(), 1);
  await page.reload();
  await live();
  await becomes(() => page.locator('.card').count(), 1);
  await page.getByRole('searchbox').first().fill('没有这样的课');
  await page.getByText('没有符合筛选的课').waitFor();
  await page.getByRole('button', { name: '清除筛选' }).first().click();
  await becomes(() => page.locator('.card').count(), 9);
});

test('arrow keys go from card to card, and Enter opens', async () => {
  await page.locator('body').click({ position: { x: 700, y: 795 } });
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowRight');
  await becomes(() => page.evaluate(() => document.activeElement?.querySelector('.card__name')?.textContent), '书法入门');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await becomes(() => page.evaluate(() => location.hash.startsWith('#/classes/')), true);
  await page.locator('.class h1').waitFor();
  await show('board');
});

test('a freed seat is raced for on the card, on the clock of the server', async () => {
  const full = await classOf('书法入门');
  for (const person of [amy, ben]) await person.call('POST', '/waitlist/join', { course_schedule_id: full.id });
  await operator.call('POST', '/dev/release', { schedule_id: full.id });
  await card('书法入门').locator('.card__rounds').waitFor();
  const first = await card('书法入门').locator('.countdown').textContent();
  await advance(1);
  await becomes(async () => (await card('书法入门').locator('.countdown').textContent()) !== first, true);
  await page.getByRole('button', { name: '只看邀约中' }).click();
  await becomes(() => page.locator('.card').count(), 1);
  await page.getByRole('button', { name: '清除筛选' }).click();
});

test('a class tells who is in it, who waits, and why somebody has no seat', async () => {
  const full = await classOf('书法入门');
  await show(`classes/${full.id}`);
  await becomes(() => page.locator('.entry').count(), 5);
  const mine = (await ben.call('GET', '/waitlist/my')).items.find((entry) => entry.schedule_id === full.id);
  await ben.call('PUT', `/waitlist/${mine.waitlist_id}/respond`, { action: 'accept' });
  await becomes(() => page.locator('.entry').count(), 4);
  await page.locator('.roster').getByRole('button', { name: '本', exact: true }).waitFor();
  await page.locator('.entry').getByRole('button', { name: '艾米', exact: true }).click();
  await page.getByText('艾米 现在是第 4 位候补。').waitFor();
  await becomes(async () => /^本 在 [\d:]+ 先确认了$/.test((await page.locator('.why__list dd').first().textContent()) ?? ''), true);
  await isWell(page, 'class');
});

test('a cancellation says what will follow, and is taken back by booking again', async () => {
  const art = await classOf('国际象棋');
  await show(`classes/${art.id}`);
  const row = page.locator('.roster tbody tr', { hasText: '艾米' });
  await row.getByRole('button', { name: '取消：艾米' }).click();
  await dialog().getByText('艾米 会收到取消通知').waitFor();
  await dialog().getByText('空出的名额对所有人开放').waitFor();
  await dialog().getByRole('textbox').fill('家里有事');
  await dialog().getByRole('button', { name: '取消预约' }).click();
  await becomes(() => row.filter({ visible: true }).count(), 0);
  assert.equal((await amy.call('GET', '/bookings')).items.find((one) => one.schedule_id === art.id).cancel_reason, '家里有事');
  await page.getByRole('button', { name: '撤销：已取消 艾米 的预约' }).click();
  await row.filter({ visible: true }).first().waitFor();
  await page.getByText('已撤销').waitFor();
});

test('staff book for somebody found by name, and write a note that students do not see', async () => {
  const english = await classOf('英语口语');
  await show(`classes/${english.id}`);
  await page.locator('.class h1', { hasText: '英语口语' }).waitFor();
  await page.keyboard.press('b');
  await dialog().getByRole('button', { name: '预约', exact: true }).click();
  await dialog().getByText('请先选择一位学员').waitFor();
  await dialog().getByRole('searchbox').fill('艾米');
  await dialog().getByRole('radio', { name: '艾米' }).first().check();
  await dialog().getByText('艾米 会收到预约通知').waitFor();
  await dialog().getByRole('button', { name: '预约', exact: true }).click();
  const row = page.locator('.roster tbody tr', { hasText: '艾米' });
  await row.getByRole('button', { name: '备注：艾米' }).click();
  await dialog().getByRole('textbox').fill('左撇子');
  await dialog().getByRole('button', { name: '保存' }).click();
  await row.getByText('老师：左撇子').waitFor();
  const booking = (await amy.call('GET', '/bookings')).items.find((one) => one.schedule_id === english.id);
  assert.equal(JSON.stringify(await amy.call('GET', `/bookings/${booking.id}`)).includes('左撇子'), false);
  await amy.call('PUT', `/bookings/${booking.id}/cancel`, {});
});

test('an offer is withdrawn, somebody is removed from a queue, and sizes stay within their bounds', async () => {
  const full = await classOf('书法入门');
  await operator.call('POST', '/dev/release', { schedule_id: full.id });
  await show(`classes/${full.id}`);
  const first = page.locator('.entry').first();
  await first.getByRole('button', { name: /^收回邀约/ }).click();
  await dialog().getByRole('button', { name: '收回邀约' }).click();
  await becomes(() => first.locator('.entry__offer').count(), 0);
  await page.locator('.story__line', { hasText: '的邀约被收回' }).first().waitFor();
  await first.getByRole('button', { name: /^移出/ }).click();
  await dialog().getByRole('button', { name: '移出候补' }).click();
  await becomes(() => page.locator('.entry').count(), 3);
  await show('waitlists?tab=sizes');
  await page.getByRole('button', { name: '修改' }).first().click();
  await dialog().getByRole('spinbutton').fill('99999');
  await dialog().getByRole('button', { name: '保存' }).click();
  await dialog().getByText('请填写 0 到 10000 的整数').waitFor();
  await page.keyboard.press('Escape');
  await becomes(() => dialog().count(), 0);
});

test('a fee is taken at the desk, a booking confirmed, the class moved, and called off', async () => {
  const course = await operator.call('POST', '/courses', {
    name: '篆刻',
    kind: 1,
    duration_min: 60,
    price_fen: 18050,
    confirm_mode: 'teacher',
    default_capacity: 1,
  });
  const made = await operator.call('POST', '/schedules', {
    course_id: course.id,
    starts_at: '2025-11-12T20:00:00+08:00',
    location: '云舍',
  });
  const booking = await ben.call('POST', '/bookings', { schedule_id: made.id });
  assert.equal(booking.payment_status, 'unpaid');
  await show(`classes/${made.id}`);
  const row = page.locator('.roster tbody tr', { hasText: '本' });
  await becomes(() => row.locator('.countdown').textContent(), '5:00');
  await row.getByRole('button', { name: '记为已支付：本' }).click();
  await dialog().getByText('收到 ¥180.50，名额不再因未支付而释放').waitFor();
  await dialog().getByRole('button', { name: '记为已支付' }).click();
  await row.getByRole('button', { name: '确认：本' }).click();
  await dialog().getByRole('button', { name: '确认' }).click();
  await row.locator('.badge', { hasText: '已确认' }).waitFor();

  await page.getByRole('button', { name: '改时间地点' }).click();
  await dialog().getByLabel('开始').fill('21:00');
  await dialog().getByLabel('结束').fill('21:00');
  await dialog().getByRole('button', { name: '保存' }).click();
  await dialog().getByText('结束应晚于开始').waitFor();
  await dialog().getByLabel('结束').fill('22:30');
  await dialog().getByLabel('教室').fill('琴房 2');
  await dialog().getByRole('button', { name: '保存' }).click();
  await page.locator('.class__when', { hasText: '今天 21:00–22:30' }).waitFor();
  await page.locator('.class__facts', { hasText: '琴房 2' }).waitFor();

  await amy.call('POST', '/waitlist/join', { course_schedule_id: made.id });
  await page.getByRole('button', { name: '暂停预约', exact: true }).click();
  await dialog().getByRole('button', { name: '暂停预约' }).click();
  await page.locator('.class__title').getByText('暂停预约').waitFor();
  await page.getByRole('button', { name: '恢复预约', exact: true }).click();
  await dialog().getByRole('button', { name: '恢复预约' }).click();
  await page.locator('.class__title').getByText('已满员').waitFor();

  await page.getByRole('button', { name: '取消这节课' }).click();
  await dialog().getByText('其中已支付的 1 人会退款').waitFor();
  await dialog().getByText('候补的 1 人会收到通知，队列结束').waitFor();
  await dialog().getByRole('button', { name: '取消这节课' }).click();
  await page.locator('.class__title').getByText('已取消').waitFor();
  await becomes(async () => (await ben.call('GET', `/bookings/${booking.id}`)).payment_status, 'refunded');
});

test('the server is audited with a tap, and its health is drawn', async () => {
  await advance(1);
  await show('health');
  await page.getByRole('button', { name: '开始核对' }).click();
  await page.getByText(/^全部一致。课次 \d+/).waitFor();
});

test('blocking is undone with a tap', async () => {
  const chess = await classOf('国际象棋');
  await show(`classes/${chess.id}`);
  await closeToasts();
  await page.getByRole('button', { name: '暂停预约', exact: true }).click();
  await dialog().getByRole('button', { name: '暂停预约' }).click();
  await page.locator('.class__title').getByText('暂停预约').waitFor();
  await page.getByRole('button', { name: '撤销：已暂停预约' }).click();
  await page.locator('.class__title').getByText('可预约').waitFor();
});

test('a form says what is wrong beside the field, before and after the server does', async () => {
  await page.getByRole('button', { name: '改席位' }).click();
  const seats = dialog().getByLabel('席位数');
  await seats.fill('1');
  await dialog().getByRole('button', { name: '保存' }).click();
  await dialog().getByText('有 3 席在用，不能少于此数').waitFor();
  assert.equal(await seats.evaluate((element) => element === document.activeElement), true);
  await seats.fill('12');
  await dialog().getByRole('button', { name: '保存' }).click();
  await page.getByText('席位改为 12').first().waitFor();
  await becomes(() => page.locator('.class__counts dd').first().textContent(), '3/12');
  await show('courses');
  await page.getByRole('button', { name: '新建课程' }).click();
  await dialog().getByRole('button', { name: '保存' }).click();
  await dialog().getByText('请填写').waitFor();
  await dialog().getByLabel('名称').fill('太极 "八段锦" <b>');
  await dialog().getByRole('button', { name: '保存' }).click();
  await page.getByRole('strong').filter({ hasText: '太极 "八段锦" <b>' }).waitFor();
});

test('a login that runs out is asked for over the form, and what was typed is sent', async () => {
  await page.getByRole('button', { name: '新建课程' }).click();
  await dialog().getByLabel('名称').fill('夜间篆刻');
  // Elsewhere all devices of the account are logged out.
  const { token } = JSON.parse(await page.evaluate(() => localStorage.getItem('yueke.console.session')));
  await fetch(`${server.base}/api/v1/logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: '{"everywhere":true}',
  });
  await dialog().getByRole('button', { name: '保存' }).click();
  await page.getByText('已填写的内容都还在').waitFor();
  assert.equal(await page.getByLabel('名称').inputValue(), '夜间篆刻');
  await page.getByRole('button', { name: '以“运营”登录' }).click();
  await page.getByRole('strong').filter({ hasText: '夜间篆刻' }).waitFor();
});

test('a lost connection is said, and what happened meanwhile is caught up with', async () => {
  await show('board');
  await card('英语口语').waitFor();
  await live();
  await server.stop();
  await page.getByText('连接已断开，正在重连…').first().waitFor();
  await isWell(page, 'lost');
  await server.start();
  const english = await classOf('英语口语');
  await amy.call('POST', '/bookings', { schedule_id: english.id });
  await live();
  await becomes(() => page.locator('.linkbar:not(.linkbar--calm)').count(), 0);
  await becomes(() => card('英语口语').locator('.card__taken').textContent(), '1/6');
});

test('everything is found from one field, by keyboard', async () => {
  await page.keyboard.press('Control+k');
  await dialog().getByRole('combobox').fill('钢琴');
  await dialog()
    .getByRole('option', { name: /钢琴一对一/ })
    .first()
    .waitFor();
  await isWell(page, 'palette');
  await page.keyboard.press('Enter');
  await page.locator('.class h1', { hasText: '钢琴一对一' }).waitFor();
  await page.keyboard.press('?');
  await dialog().getByText('键盘快捷键').waitFor();
  await isWell(page, 'keys');
  await page.keyboard.press('Escape');
  await becomes(() => dialog().count(), 0);
  await page.keyboard.press('g');
  await page.keyboard.press('w');
  await page.getByRole('heading', { name: '候补' }).waitFor();
});

test('classes are planned over weeks: looked at first, then made', async () => {
  await show('schedule/new');
  await page.getByLabel('课程', { exact: true }).selectOption({ label: '国际象棋' });
  await page.getByLabel('老师', { exact: true }).selectOption({ label: '何老师' });
  await page.getByLabel('从').fill('2025-11-17');
  await page.getByLabel('到（含）').fill('2025-11-30');
  for (const day of ['周一', '周三']) await page.getByLabel(day).check();
  await page.getByLabel('周四').uncheck();
  await page.getByLabel('开始时间').fill('09:00 9:15');
  await page.getByRole('button', { name: '预览' }).click();
  await page.locator('.outcome__rows li').first().waitFor();
  await isWell(page, 'plan');
  await page.getByRole('button', { name: /^排课 \d+ 节$/ }).click();
  await page.getByText('已排 4 节课').waitFor();
  await page.getByRole('link', { name: '到课程板查看' }).click();
  await becomes(() => page.locator('.card').count(), 2);
});

test('a roster is exported for spreadsheets and printed to sign', async () => {
  const chess = await classOf('国际象棋');
  await show(`classes/${chess.id}`);
  await page.locator('.class h1').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 CSV' }).click()]);
  const file = path.join(folder, 'roster.csv');
  await download.saveAs(file);
  const rows = readFileSync(file, 'utf8');
  assert.ok(rows.startsWith('\ufeff课程,'), rows);
  assert.match(rows, /\r\n国际象棋,2025-11-12 [\d:]+,BK\d+-\d+,艾米,已确认,/);
  await page.emulateMedia({ media: 'print' });
  await page.screenshot({ path: path.join(folder, 'print.png') });
  assert.equal(await page.getByText('签到').first().isVisible(), true);
  assert.equal(await page.locator('.side').isVisible(), false);
  assert.equal(await page.getByRole('button', { name: '取消：艾米' }).count(), 0);
  await page.emulateMedia({ media: 'screen' });
});

test('every page is well in light and dark, wide and narrow, with large type, in both languages', async () => {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const place of PAGES) {
      await show(place);
      await page.locator('.skeleton').waitFor({ state: 'detached' });
      await isWell(page, `${colorScheme}-${place}`);
    }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  for (const place of PAGES) {
    await show(place);
    await page.locator('.skeleton').waitFor({ state: 'detached' });
    await isWell(page, `narrow-${place}`);
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  for (const place of ['board', 'courses', 'schedule/new']) {
    await show(place);
    await page.locator('.skeleton').waitFor({ state: 'detached' });
    await page.screenshot({ path: path.join(folder, `large-${place.replace('/', '-')}.png`) });
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
      false,
      `${place} is too wide with large type`,
    );
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = ''));
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'English' }).first().click();
  await becomes(() => page.evaluate(() => document.documentElement.lang), 'en');
  for (const place of PAGES) {
    await show(place);
    await page.locator('.skeleton').waitFor({ state: 'detached' });
    await isWell(page, `english-${place}`);
  }
  await page.getByRole('button', { name: '中文' }).first().click();
  // The login that ran out and the server that was away are told by the browser, too.
  assert.deepEqual(
    seen.faults.filter((fault) => !/401|ERR_CONNECTION|WebSocket/.test(fault)),
    [],
  );
});

test('a coach sees their own classes, and none of the pages of the staff', async () => {
  const coach = await openPage(browser, server.base, { viewport: { width: 1280, height: 800 } });
  const on = coach.page;
  on.setDefaultTimeout(WAIT_MS);
  await enter(on, '林老师');
  const names = await on.locator('.card__where').allTextContents();
  assert.ok(names.length > 0 && names.every((name) => name.startsWith('林老师')), names.join());
  assert.equal(await on.getByRole('link', { name: '人员' }).count(), 0);
  await on.goto(`${server.base}/console/#/people`);
  await on.getByText('您没有查看此页的权限').waitFor();
  const painting = await classOf('少儿绘画');
  await on.goto(`${server.base}/console/#/classes/${painting.id}`);
  await on.getByText('没有这节课，或者不是您的课').waitFor();
  await coach.context.close();
});

test('a coach marks who came with a tap each, on a phone, and completes the class', async () => {
  const coach = await openPage(browser, server.base, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const on = coach.page;
  on.setDefaultTimeout(WAIT_MS);
  await enter(on, '林老师');
  const calligraphy = await classOf('书法入门');
  await on.goto(`${server.base}/console/#/classes/${calligraphy.id}`);
  await on.locator('.roster tbody tr').first().waitFor();
  assert.equal(await on.getByRole('button', { name: /^爽约：/ }).count(), 0, 'not before it begins');
  await advance(181);
  const row = on.locator('.roster tbody tr').first();
  await row.getByRole('button', { name: /^爽约：/ }).click();
  await row.locator('.badge', { hasText: '爽约' }).waitFor();
  await row.getByRole('button', { name: /^到课：/ }).click();
  await row.locator('.badge', { hasText: '到课' }).waitFor();
  await isWell(on, 'coach-phone');
  await on.getByRole('button', { name: '完课' }).click();
  await on.locator('dialog[open]').getByRole('button', { name: '完课' }).click();
  await on.locator('.class__title', { hasText: '已完课' }).waitFor();
  await row.getByRole('button', { name: /^爽约：/ }).click();
  await row.locator('.badge', { hasText: '爽约' }).waitFor();
  await coach.context.close();
  await context.close();
});
