// What others do while somebody at the desk is about to do something: the question that is open says
// what is so by now, and news name what they are about wherever they are read.
//
// The tests run in order, on one server. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { at, Desk, dialog, entry, live, press, storyLine, toast, visit } from './console-desk.mjs';

const NEXT = '2025-11-13';
const CHANGED = '刚有变化：下面已是现在的情况，请看过再确认。';
const OVER = '情况已变：现在不能这样做了。';
let desk;
let office;
let page;
let teacher;
let course;
let [first, second, third] = [];

before(async () => {
  desk = await Desk.open('console-meanwhile');
  teacher = await desk.teacher('林老师');
  course = (await desk.admin.call('POST', '/courses', { name: '前台练习', kind: 1, duration_min: 60, default_capacity: 1 })).id;
  [first, second, third] = await desk.students(['阿安', '阿冰', '阿春']);
  office = await desk.window('operator', '运营');
  page = office.page;
});

after(() => desk?.close());

async function makeClass(time, more = {}) {
  return (await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: at(time, NEXT), ...more })).id;
}

async function open(id) {
  await visit(page, `/classes/${id}`);
  await page.locator('.class__title').waitFor();
  await live(page);
}

const action = (name) => page.getByRole('group', { name: '对这节课的操作' }).getByRole('button', { name, exact: true });
const badge = (text) => page.locator('.class__title .badge', { hasText: text }).waitFor();
const availability = async (id) => (await desk.admin.call('GET', `/schedules/${id}`)).availability;
const says = (text) => dialog(page).getByText(text, { exact: true }).waitFor();
const yes = (name) => dialog(page).getByRole('button', { name, exact: true });
const closed = () => page.locator('dialog[open]').waitFor({ state: 'detached' });

test('news name their class: what is taken back on the page of another class is what was done to the first', async () => {
  const [one, other] = [await makeClass('08:00'), await makeClass('09:30')];
  await open(one);
  await action('暂停预约').click();
  await press(page, '暂停预约');
  await badge('暂停预约');
  await open(other);
  await page.getByText('明天 09:30–10:30').waitFor();
  const news = toast(page, '已暂停预约');
  await news.getByText('前台练习 · 明天 08:00').waitFor();
  await desk.shoot(page, 'news-elsewhere');
  await page.getByRole('button', { name: '撤销：已暂停预约（前台练习 · 明天 08:00）' }).click();
  await toast(page, '已撤销：已暂停预约').getByText('前台练习 · 明天 08:00').waitFor();
  assert.deepEqual([await availability(one), await availability(other)], ['available', 'available']);
});

test('an answer that comes when another page is open is told of its own class', async () => {
  const [one, other] = [await makeClass('11:00'), await makeClass('12:30')];
  await open(one);
  await action('暂停预约').click();
  let answer;
  const done = new Promise((resolve) => { answer = resolve; });
  await page.route(`**/api/v1/schedules/${one}/block`, async (route) => {
    const response = await route.fetch();
    await done;
    await route.fulfill({ response });
  }, { times: 1 });
  await press(page, '暂停预约');
  await badge('暂停预约');
  await open(other);
  answer();
  await toast(page, '已暂停预约').getByText('前台练习 · 明天 11:00').waitFor();
  assert.equal(await availability(other), 'available');
});

test('what somebody did is not offered to be taken back by whoever logs in next', async () => {
  const id = await makeClass('13:00');
  const { page: own, context } = await desk.window('operator', '小周', `/classes/${id}`);
  await own.getByRole('button', { name: '暂停预约', exact: true }).click();
  await press(own, '暂停预约');
  await toast(own, '已暂停预约').waitFor();
  await own.getByRole('button', { name: '退出登录' }).click();
  await own.getByRole('button', { name: '管理员' }).waitFor();
  assert.equal(await own.locator('.toast').count(), 0);
  await context.close();
});

test('whom a freed seat goes to is said as it is by now, before the booking is cancelled', async () => {
  const id = await makeClass('15:00');
  await first.book(id);
  await open(id);
  await page.getByRole('button', { name: '取消：阿安' }).click();
  await says('空出的名额对所有人开放');
  assert.equal(await dialog(page).getByText(CHANGED).count(), 0);
  await dialog(page).getByLabel('原因（选填，学员会看到）').fill('老师生病');
  await second.join(id);
  await says('空出的名额先由候补的 1 人抢占');
  await says(CHANGED);
  await third.join(id);
  await says('空出的名额先由候补的 2 人抢占');
  assert.equal(await dialog(page).getByLabel('原因（选填，学员会看到）').inputValue(), '老师生病', 'nothing typed is lost');
  await desk.shoot(page, 'changed');
  await press(page, '取消预约');
  await toast(page, '已取消 阿安 的预约').waitFor();
  await entry(page, '阿冰').getByText('已通知').waitFor();
  await badge('邀约中');
  assert.equal(await page.getByRole('button', { name: /^撤销：已取消 阿安/ }).count(), 0, 'the seat is promised to those who wait');
});

test('only the last that was done to a class is offered to be taken back', async () => {
  const id = await makeClass('16:15');
  await open(id);
  await action('暂停预约').click();
  await press(page, '暂停预约');
  await page.getByRole('button', { name: '撤销：已暂停预约（前台练习 · 明天 16:15）' }).waitFor();
  await action('恢复预约').click();
  await press(page, '恢复预约');
  await page.getByRole('button', { name: '撤销：已恢复预约（前台练习 · 明天 16:15）' }).waitFor();
  assert.equal(await page.getByRole('button', { name: '撤销：已暂停预约（前台练习 · 明天 16:15）' }).count(), 0);
});

test('what cannot be done any more says so, and its button is dead: a booking, an offer, a class', async () => {
  const id = await makeClass('17:00');
  const booking = await first.book(id);
  const place = await second.join(id);
  await open(id);
  await page.getByRole('button', { name: '取消：阿安' }).click();
  await first.cancel(booking);
  await says(OVER);
  assert.equal(await yes('取消预约').isDisabled(), true);
  await desk.shoot(page, 'over');
  await press(page, '返回');

  await page.getByRole('button', { name: '收回邀约：阿冰' }).click();
  await second.decline(place);
  await says(OVER);
  assert.equal(await yes('收回邀约').isDisabled(), true);
  await press(page, '返回');

  await action('改席位').click();
  await desk.admin.call('POST', `/schedules/${id}/revoke`, {});
  await says(OVER);
  await press(page, '返回');
  await storyLine(page, '这节课被取消').waitFor();
});

test('an offer that is another one by now is not taken back by a question about the one before', async () => {
  const id = await makeClass('19:00');
  const booking = await first.book(id);
  const place = await second.join(id);
  await first.cancel(booking);
  await open(id);
  await page.getByRole('button', { name: '收回邀约：阿冰' }).click();
  await second.decline(place);
  await says(OVER);
  await first.cancel(await first.book(id));
  await storyLine(page, '抢占：阿冰').nth(1).waitFor();
  assert.equal(await yes('收回邀约').isDisabled(), true);
  await press(page, '返回');
  await entry(page, '阿冰').getByText('已通知').waitFor();
});

test('what the page itself does is no news of somebody else’s doing', async () => {
  const id = await makeClass('21:00');
  await open(id);
  await action('暂停预约').click();
  await page.route(`**/api/v1/schedules/${id}/block`, async (route) => {
    const response = await route.fetch();
    // The page of the class knows it before the answer is there.
    await badge('暂停预约');
    await storyLine(page, '暂停预约').waitFor();
    assert.equal(await dialog(page).getByText(OVER).count(), 0);
    assert.equal(await dialog(page).getByText(CHANGED).count(), 0);
    await route.fulfill({ response });
  }, { times: 1 });
  await press(page, '暂停预约');
  await toast(page, '已暂停预约').last().waitFor();
  await closed();
});

test('the form of time and place says that somebody else has moved the class, and writes only what was changed in it', async () => {
  const id = await makeClass('07:00', { teacher_id: teacher, location: '松风教室' });
  await open(id);
  await action('改时间地点').click();
  await dialog(page).getByLabel('教室').fill('听雨轩');
  await desk.admin.call('PATCH', `/schedules/${id}`, { starts_at: at('07:30', NEXT), ends_at: at('08:30', NEXT) });
  await says('有人刚把这节课改成：明天 07:30–08:30 · 林老师 · 松风教室。保存时只改您动过的项。');
  await desk.shoot(page, 'moved');
  await press(page, '保存');
  await page.locator('.class__when', { hasText: '明天 07:30–08:30' }).waitFor();
  await page.locator('.class__facts', { hasText: '听雨轩' }).waitFor();
});

test('the coach of a class is shown before all coaches were read', async () => {
  const id = await makeClass('06:00', { teacher_id: await desk.teacher('何老师') });
  const { page: own, context } = await desk.window('operator', '小吴', `/classes/${id}`);
  let read;
  const waited = new Promise((resolve) => { read = resolve; });
  await own.route('**/api/v1/teachers*', async (route) => {
    await waited;
    await route.continue();
  });
  await own.getByRole('button', { name: '改时间地点' }).click();
  const coach = dialog(own).getByLabel('老师');
  const chosen = () => coach.evaluate((select) => select.selectedOptions[0]?.label);
  assert.equal(await chosen(), '何老师');
  read();
  await coach.locator('option', { hasText: '林老师' }).waitFor({ state: 'attached' });
  assert.equal(await chosen(), '何老师');
  await context.close();
});

test('on a phone news are within the page, close at hand, and never hide all of it', async () => {
  const long = (await desk.admin.call('POST', '/courses', { name: '油画一对一进阶研习班（周末亲子特别场）'.repeat(3), kind: 1, duration_min: 60 })).id;
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: long, starts_at: at('20:00', NEXT), capacity: 3 });
  for (const student of [first, second, third]) await student.book(id);
  const { page: own, context } = await desk.window('operator', '小郑', `/classes/${id}`, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  for (const { name } of [first, second, third]) {
    await own.getByRole('button', { name: `备注：${name}` }).click();
    await dialog(own).getByLabel('老师备注').fill('需要加强基本功');
    await press(own, '保存');
    await toast(own, `给 ${name} 的备注已保存`).waitFor();
  }
  for (const close of await own.locator('.toast:visible').getByRole('button', { name: '关闭' }).all()) {
    const { x, width } = await close.boundingBox();
    assert.ok(x >= 0 && x + width <= 360, `the button that closes is at ${x}`);
  }
  assert.equal(await own.locator('.toast:visible').count(), 2);
  await desk.shoot(own, 'news-phone');
  await context.close();
});

test('how many may wait: the question follows what somebody else has set', async () => {
  await visit(page, '/waitlists?tab=sizes');
  await page.getByRole('button', { name: '修改' }).first().click();
  await says('现在是 8');
  const { items } = await desk.admin.call('GET', '/waitlist/capacity');
  await desk.admin.call('PUT', '/waitlist/capacity', { ...items[0], capacity: 9 });
  // The list is read anew when the page comes to the front.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await says('现在是 9');
  await says(CHANGED);
  await press(page, '保存');
  await toast(page, '的候补上限').getByRole('button', { name: /^撤销/ }).click();
  await toast(page, '已撤销').last().waitFor();
  assert.equal((await desk.admin.call('GET', '/waitlist/capacity')).items[0].capacity, 9, 'what the other one set');
});

test('no console error, no CSP violation, nothing fetched from outside', () => {
  assert.deepEqual(office.seen.faults, []);
});
