// What an operator does around the classes, in Chromium against the real binary: courses, planning,
// queues, messages, people, health; by the keyboard alone; with a login that ends in the midst; and
// what a coach and a student may not see.
//
// The tests run in order, on one server. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { at, card, DAY, Desk, dialog, forgive, meant, press, rosterRow, toast, TOKEN_RAN_OUT, until, visit } from './console-desk.mjs';

const NEXT = '2025-11-13';
let desk;
/** An admin's window: an operator's with the rights to change accounts. */
let office;
let page;
let teacher;

before(async () => {
  desk = await Desk.open('console-office');
  teacher = await desk.teacher('林老师');
  office = await desk.window('admin', '管理员');
  page = office.page;
});

after(() => desk?.close());

const row = (text, on = page) => on.locator('tbody tr', { hasText: text });
const problem = (label, text, on = page) => on.locator('.field', { hasText: label }).locator('.field__problem', { hasText: text }).waitFor();
const course = async (name) => (await desk.admin.call('GET', '/courses?page_size=100')).items.find((one) => one.name === name);
const makeClass = async (body) => (await desk.admin.call('POST', '/schedules', body)).id;

test('a course: what is wrong stands beside each field, before the server says so and after', async () => {
  await visit(page, '/courses');
  await page.getByRole('button', { name: '新建课程' }).click();
  const field = (label) => dialog(page).getByLabel(label, { exact: true });
  await field('时长（分钟）').fill('很久');
  await field('费用（元）').fill('1.234');
  await press(page, '保存');
  await problem('名称', '请填写');
  await problem('时长（分钟）', '1 到 1440');
  await problem('费用（元）', '最多两位小数');
  assert.equal(await field('名称').evaluate((input) => input === document.activeElement), true, 'the first of them has the focus');
  await desk.shoot(page, 'course-wrong');
  await field('名称').fill('水墨入门');
  await field('时长（分钟）').fill('90');
  await field('费用（元）').fill('9999999');
  await press(page, '保存');
  await meant(office.seen, 400);
  await problem('费用（元）', '应在');
  assert.equal(await field('名称').inputValue(), '水墨入门', 'nothing typed is lost');
  await field('费用（元）').fill('88.5');
  await field('类别').fill('国画');
  await press(page, '保存');
  await toast(page, '已新建“水墨入门”').waitFor();
  await row('水墨入门').getByText('¥88.50').waitFor();
  await page.getByRole('button', { name: '编辑课程：水墨入门' }).click();
  await field('费用（元）').fill('0');
  await field('默认席位').fill('10');
  await press(page, '保存');
  await row('水墨入门').getByText('免费').waitFor();
  assert.equal((await course('水墨入门')).default_capacity, 10);
});

test('planning over weeks: conflicts are seen before anything is made, and the rest is made', async () => {
  const { id } = await course('水墨入门');
  await makeClass({ course_id: id, teacher_id: teacher, starts_at: at('19:00', '2025-11-19'), ends_at: at('20:30', '2025-11-19') });
  await page.getByRole('link', { name: '排课：水墨入门' }).click();
  await page.getByLabel('老师', { exact: true }).selectOption({ label: '林老师' });
  const times = page.getByLabel('开始时间');
  await times.fill('25:00');
  for (const day of await page.getByRole('group', { name: '星期' }).getByRole('checkbox', { checked: true }).all()) await day.uncheck();
  await page.getByRole('button', { name: '预览' }).click();
  await problem('开始时间', '请写时间');
  await problem('星期', '请至少选一天');
  await times.fill('19:00');
  await page.getByRole('checkbox', { name: '周三' }).check();
  await page.getByLabel('从', { exact: true }).fill('2025-11-13');
  await page.getByLabel('到（含）').fill('2025-12-10');
  const before = (await desk.admin.call('GET', `/schedules?from=2025-11-13&to=2025-12-31&course_id=${id}`)).total;
  await page.getByRole('button', { name: '预览' }).click();
  await page.getByText('可以排 3 节').waitFor();
  await page.getByText('1 节有冲突，不会排').waitFor();
  await page.locator('.outcome__rows li', { hasText: '11月19日' }).getByText('该老师在此时段已有课程安排').waitFor();
  assert.equal((await desk.admin.call('GET', `/schedules?from=2025-11-13&to=2025-12-31&course_id=${id}`)).total, before, 'a preview makes nothing');
  await desk.shoot(page, 'plan');
  await page.getByRole('button', { name: '排课 3 节' }).click();
  await page.getByText('已排 3 节课').waitFor();
  assert.equal((await desk.admin.call('GET', `/schedules?from=2025-11-13&to=2025-12-31&course_id=${id}`)).total, before + 3);
  await page.getByRole('link', { name: '到课程板查看' }).click();
  await page.locator('.card', { hasText: '水墨入门' }).first().waitFor();
});

test('how many may wait: changed, taken back, and as a full queue suggests', async () => {
  const { id } = await course('水墨入门');
  const schedule = await makeClass({ course_id: id, starts_at: at('14:00', NEXT), capacity: 2 });
  await visit(page, '/waitlists?tab=sizes');
  await page.getByRole('button', { name: '为课程或类型设置' }).click();
  await dialog(page).getByLabel('对象').selectOption({ label: '水墨入门' });
  await dialog(page).getByLabel('上限').fill('10001');
  await press(page, '保存');
  await problem('上限', '0 到 10000');
  await dialog(page).getByLabel('上限').fill('2');
  await press(page, '保存');
  await row('水墨入门').getByText('2', { exact: true }).waitFor();
  await row('水墨入门').getByRole('button', { name: '修改' }).click();
  await dialog(page).getByLabel('上限').fill('7');
  await press(page, '保存');
  await row('水墨入门').getByText('7', { exact: true }).waitFor();
  await toast(page, '已保存').last().getByRole('button', { name: '撤销' }).click();
  await row('水墨入门').getByText('2', { exact: true }).waitFor();

  const [first, second, third, fourth] = await desk.students(['候一', '候二', '候三', '候四']);
  await fourth.book(schedule);
  await first.book(schedule);
  await second.join(schedule);
  await third.join(schedule);
  await visit(page, '/waitlists');
  const queue = row('水墨入门');
  await queue.getByText('候补: 2/2人').waitFor();
  await queue.getByText('已满', { exact: true }).waitFor();
  await desk.shoot(page, 'queues');
  await queue.getByText('候补队列已满，可将候补上限从2人提高到3人').waitFor();
  await queue.getByRole('button', { name: '上限改为 3' }).click();
  await dialog(page).getByText('只改这一节课').waitFor();
  await press(page, '上限改为 3');
  await queue.getByText('候补: 2/3人').waitFor();
  await visit(page, '/waitlists?tab=people');
  await row('候二').first().getByText('等待').waitFor();
  await page.getByLabel('只看队列已满的').check();
  await row('候二').waitFor({ state: 'detached' });
});

/** Says yes on the phone to every message, once. */
async function allow(student) {
  const { templates } = await student.call('GET', '/users/subscribe');
  const choices = Object.fromEntries(templates.map(({ id }) => [id, 'accept']));
  const phone = `${desk.base}/sandbox/phone/${encodeURIComponent(`student:${student.name}`)}/subscribe`;
  const answer = await fetch(phone, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ choices }) });
  await student.call('POST', '/users/subscribe', { results: await answer.json() });
}

test('messages: the log by state, why one did not arrive, and sending it again', async () => {
  const { id } = await course('水墨入门');
  const [first, second] = await desk.students(['收一', '收二']);
  await allow(second);
  const schedule = await makeClass({ course_id: id, starts_at: at('15:00', NEXT), capacity: 1 });
  const booking = await first.book(schedule);
  const entry = await second.join(schedule);
  const messages = async (state) => (await desk.admin.call('GET', `/notifications?kind=seat_offered&state=${state}&page_size=100`)).items.filter((one) => one.nickname === '收二').length;
  // Two offers and one yes: the second message finds none.
  await first.cancel(booking);
  await until('the first message', async () => (await messages('sent')) === 1);
  await second.decline(entry);
  await first.cancel(await first.book(schedule));
  await until('the refusal of the second', async () => (await messages('refused')) === 1);
  await visit(page, '/notifications?state=refused');
  await row('收二').first().getByText('没有订阅次数').waitFor();
  await desk.shoot(page, 'messages');
  await allow(second);
  await row('收二').first().getByRole('button', { name: '重发' }).click();
  await dialog(page).getByText('每次发送用掉对方一次微信订阅').waitFor();
  await press(page, '重发');
  await toast(page, '已排队重发').waitFor();
  await until('both sent', async () => (await messages('sent')) === 2);
  await page.getByLabel('状态').selectOption({ label: '已发送' });
  await until('both in the log', async () => (await row('收二').filter({ hasText: '候补名额' }).count()) === 2);
  await visit(page, '/notifications?tab=rates');
  await row('候补名额').getByText(/%/).waitFor();
});

test('people: found, given a role that acts at once, disabled with their sessions, unlocked', async () => {
  const helper = await desk.window('operator', '小钱');
  await visit(page, '/people');
  await page.getByLabel('名字、手机号或编号').fill('小钱');
  await row('小钱').getByText('运营').waitFor();
  await until('nobody else', async () => (await page.locator('tbody tr').count()) === 1);
  await row('小钱').getByRole('link').click();
  await page.getByRole('heading', { name: '小钱' }).waitFor();
  await row('演示').getByText('成功').first().waitFor();
  await page.getByRole('button', { name: '改角色' }).click();
  await dialog(page).getByLabel('老师').check();
  await press(page, '保存');
  await page.locator('.facts').getByText('老师、运营').waitFor();
  await page.getByRole('button', { name: '停用', exact: true }).click();
  await dialog(page).getByText('立即结束其所有登录').waitFor();
  await desk.shoot(page, 'disable');
  await press(page, '停用');
  await page.locator('.class__title').getByText('已停用').waitFor();
  await helper.page.getByText('登录已过期').waitFor();
  await press(helper.page, '以“小钱”登录');
  await dialog(helper.page).getByRole('alert').waitFor();
  await desk.shoot(helper.page, 'disabled');
  forgive(helper.seen, /status of 40[13]|WebSocket/);
  assert.deepEqual(helper.seen.faults, []);
  await helper.context.close();
  await toast(page, '已更新“小钱”').last().getByRole('button', { name: '撤销' }).click();
  await page.locator('.class__title').getByText('正常').waitFor();

  const login = (route, body) => fetch(`${desk.base}/api/v1${route}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const mine = { username: 'xiaosun', password: 'correct horse battery' };
  assert.ok((await login('/register', { ...mine, nickname: '小孙' })).ok);
  for (let tries = 0; tries < 5; tries += 1) await login('/login', { ...mine, password: 'wrong horse battery' });
  assert.ok((await login('/login', mine)).status >= 400, 'locked');
  await visit(page, '/people?q=小孙');
  await row('小孙').getByText('已锁定到 06:15').waitFor();
  await row('小孙').getByRole('link').click();
  await row('密码').getByText('密码错误').first().waitFor();
  await page.getByRole('button', { name: '解锁' }).click();
  await press(page, '解锁');
  await page.locator('.class__title').getByText('正常').waitFor();
  assert.ok((await login('/login', mine)).ok);
});

test('health: what the server did is plotted, and an audit finds nothing wrong', async () => {
  for (const time of ['06:00:30', '06:01', '06:01:30']) await desk.moveTo(at(time));
  await visit(page, '/health');
  await until('five plots', async () => (await page.locator('.plot canvas').count()) === 5);
  const drawn = await page.locator('.plot canvas').first().evaluate((canvas) => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size);
  assert.ok(drawn > 4, 'axes and lines of their own colours');
  await page.getByRole('button', { name: '开始核对' }).click();
  await page.getByText('全部一致。').waitFor();
  assert.match(await page.locator('.page-head').innerText(), /SQLite/);
  await desk.shoot(page, 'health', { fullPage: true });
});

test('by the keyboard alone: find, walk the board, read the shortcuts; dialogs keep the focus and give it back', async () => {
  await visit(page, '/board');
  await page.locator('.card').first().waitFor();
  const focused = () => page.evaluate(() => document.activeElement.closest('.card')?.querySelector('.card__name').textContent);
  // A card that is not drawn yet has no inner text.
  const names = await page.locator('.card__name').allTextContents();
  await page.locator('.card[tabindex="0"]').focus();
  assert.equal(await focused(), names[0]);
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), names[1]);
  await page.keyboard.press('End');
  assert.equal(await focused(), names.at(-1));
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  const below = await focused();
  assert.ok(below && below !== names[0], 'down goes to another row');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: below }).waitFor();

  await page.keyboard.press('?');
  await dialog(page).getByText('代约').waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await page.keyboard.press('b');
  const field = dialog(page).getByLabel('按名字查找学员');
  await field.waitFor();
  assert.equal(await field.evaluate((input) => input === document.activeElement), true);
  for (let tab = 0; tab < 20; tab += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), 'focus stays in the dialog');
  }
  await page.keyboard.press('Escape');
  // What is behind a dialog cannot be focused.
  await dialog(page).waitFor({ state: 'detached' });
  const opener = page.getByRole('button', { name: '代约' });
  await opener.focus();
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  assert.equal(await opener.evaluate((button) => button === document.activeElement), true, 'focus comes back');

  await page.keyboard.press('Control+k');
  await page.locator('.palette__input:focus').waitFor();
  await page.keyboard.type('水墨');
  const option = page.getByRole('option', { name: /水墨入门/ }).first();
  await option.waitFor();
  await desk.shoot(page, 'palette');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: '水墨入门' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.getByRole('heading', { level: 1, name: '运行状况' }).waitFor();
});

test('a login that ends in the midst of a form is asked for over it, and nothing typed is lost', async () => {
  const { id } = await course('水墨入门');
  const schedule = await makeClass({ course_id: id, starts_at: at('17:00', NEXT) });
  const desktop = await desk.window('operator', '小李', `/classes/${schedule}`);
  const own = desktop.page;
  await own.getByRole('button', { name: '代约' }).click();
  await dialog(own).getByLabel('按名字查找学员').fill('候一');
  await dialog(own).getByRole('radio', { name: '候一' }).first().check();
  await dialog(own).getByLabel('备注（选填）').fill('写了很久的备注');
  // Every session of this person ends elsewhere.
  const same = await desk.somebody('operator', '小李');
  for (const { id: session, current } of (await same.call('GET', '/sessions')).items) if (!current) await same.call('DELETE', `/sessions/${session}`);
  await own.getByText('登录已过期').waitFor();
  await desk.shoot(own, 'relogin');
  await press(own, '以“小李”登录');
  await own.getByText('登录已过期').waitFor({ state: 'detached' });
  assert.equal(await dialog(own).getByLabel('备注（选填）').inputValue(), '写了很久的备注');
  await press(own, '预约');
  await toast(own, '已为 候一 预约').waitFor();
  await rosterRow(own, '候一').getByText('写了很久的备注').waitFor();
  forgive(desktop.seen, TOKEN_RAN_OUT);
  assert.deepEqual(desktop.seen.faults, []);
  await desktop.context.close();
});

test('a coach sees the own classes and nothing of the office; a student is told where to go', async () => {
  const coach = await desk.window('teacher', '周老师');
  const own = (await desk.admin.call('GET', `/schedules?from=${DAY}&to=${DAY}&teacher_id=${await desk.teacher('周老师')}`)).items;
  await card(coach.page, own[0].id).waitFor();
  assert.equal(await coach.page.locator('.card').count(), own.length);
  assert.deepEqual(await coach.page.locator('.side .nav-item').allInnerTexts(), ['实时课程板', '课程', '排课']);
  for (const address of ['/people', '/health', '/notifications', '/waitlists']) {
    await visit(coach.page, address);
    await coach.page.getByText('您没有查看此页的权限').waitFor();
  }
  const others = (await desk.admin.call('GET', `/schedules?from=${DAY}&to=${DAY}&teacher_id=${teacher}`)).items;
  await visit(coach.page, `/classes/${others[0].id}`);
  await coach.page.getByText('没有这节课，或者不是您的课').waitFor();
  forgive(coach.seen, /status of 40[34]/);
  await desk.shoot(coach.page, 'coach-foreign');
  assert.deepEqual(coach.seen.faults, []);
  await coach.context.close();

  const { page: none, seen, context } = await desk.open('student', '候一');
  await none.getByText('控制台供老师与运营人员使用').waitFor();
  assert.equal(await none.getByRole('link', { name: '打开小程序页面' }).getAttribute('href'), '/m/');
  await desk.shoot(none, 'student');
  assert.deepEqual(seen.faults, []);
  await context.close();
});

test('no console error, no CSP violation, nothing fetched from outside', () => {
  assert.deepEqual(office.seen.faults, []);
});
