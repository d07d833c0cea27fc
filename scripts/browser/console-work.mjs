// What an operator and a coach do with a class, in Chromium against the real binary: book for
// somebody, take it back, seats, rounds, money, attendance. The clock is moved by hand.
//
// The tests run in order, on one server. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { at, card, Desk, dialog, entry, forgive, meant, press, rosterRow, shows, storyLine, toast, TOKEN_RAN_OUT, until, visit } from './console-desk.mjs';

const NEXT = '2025-11-13';
let desk;
let office;
let coach;
let page;
let teacher;
let course;
let people;
/** The one class that most of it is about. */
let main;

before(async () => {
  desk = await Desk.open('console-work');
  teacher = await desk.teacher('林老师');
  course = (await desk.admin.call('POST', '/courses', { name: '前台练习', kind: 1, duration_min: 60, default_capacity: 3 })).id;
  people = await desk.students(['阿安', '阿冰', '阿春', '阿冬', '阿夏']);
  main = await makeClass('16:00');
  office = await desk.window('operator', '运营', `/classes/${main}`);
  coach = await desk.window('teacher', '林老师');
  page = office.page;
});

after(() => desk?.close());

async function makeClass(time, more = {}) {
  return (await desk.admin.call('POST', '/schedules', { course_id: course, teacher_id: teacher, starts_at: at(time, NEXT), ...more })).id;
}

/** Opens what is asked before something is done with the class. */
async function asks(name, on = page) {
  await on.getByRole('group', { name: '对这节课的操作' }).getByRole('button', { name, exact: true }).click();
  await dialog(on).waitFor();
}

async function onPerson(what, name, on = page) {
  await on.getByRole('button', { name: `${what}：${name}` }).click();
}

const undo = (text, on = page) => toast(on, text).getByRole('button', { name: '撤销' }).click();
const problem = (text, on = page) => dialog(on).locator('.field__problem', { hasText: text }).waitFor();
const badge = (text, on = page) => on.locator('.class__title .badge', { hasText: text }).waitFor();
const state = () => desk.admin.call('GET', `/schedules/${main}`);

async function bookFor(name, note = '') {
  await asks('代约');
  await dialog(page).getByLabel('按名字查找学员').fill(name);
  await dialog(page).getByRole('radio', { name }).check();
  if (note) await dialog(page).getByLabel('备注（选填）').fill(note);
  await press(page, '预约');
  await toast(page, `已为 ${name} 预约`).waitFor();
}

test('booking for somebody: nobody chosen is said beside the field, nobody found in words', async () => {
  await asks('代约');
  await press(page, '预约');
  await problem('请先选择一位学员');
  await dialog(page).getByLabel('按名字查找学员').fill('没有这个人');
  await dialog(page).getByText('没有找到“没有这个人”').waitFor();
  await press(page, '返回');
  await bookFor('阿安', '靠窗');
  await rosterRow(page, '阿安').getByText('由 运营 代约').waitFor();
  await rosterRow(page, '阿安').getByText('靠窗').waitFor();
  await storyLine(page, '为 阿安 代约了名额').waitFor();
});

test('a cancellation says what follows, keeps its reason, and is taken back by booking again', async () => {
  await onPerson('取消', '阿安');
  await dialog(page).getByText('阿安 会收到取消通知').waitFor();
  await dialog(page).getByText('空出的名额对所有人开放').waitFor();
  await dialog(page).getByLabel('原因（选填，学员会看到）').fill('老师生病');
  await desk.shoot(page, 'cancel');
  await press(page, '取消预约');
  await page.getByText('已取消的 1 个预约').click();
  await page.locator('.roster__ended').getByText('老师生病').waitFor();
  const { items } = await people[0].call('GET', '/messages?kind=booking_cancelled');
  assert.match(JSON.stringify(items[0]), /老师生病/);
  await undo('已取消 阿安 的预约');
  await toast(page, '已撤销').waitFor();
  await rosterRow(page, '阿安').waitFor();
  assert.equal((await state()).seats_taken, 1);
});

test('one tap, one booking: a second click changes nothing, and neither does a lost answer', async () => {
  await asks('代约');
  await dialog(page).getByLabel('按名字查找学员').fill('阿冰');
  await dialog(page).getByRole('radio', { name: '阿冰' }).first().check();
  // The first answer is lost on its way; the server has done it.
  await page.route('**/api/v1/bookings', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await dialog(page).getByRole('button', { name: '预约', exact: true }).dblclick();
  await toast(page, '已为 阿冰 预约').waitFor();
  await rosterRow(page, '阿冰').waitFor();
  assert.equal((await state()).seats_taken, 2);
  forgive(office.seen, /ERR_FAILED/);
});

test('fewer seats than are in use are refused beside the field, by the page and by the server', async () => {
  await asks('改席位');
  const seats = dialog(page).getByLabel('席位数');
  await seats.fill('1');
  await press(page, '保存');
  await problem('有 2 席在用，不能少于此数');
  await seats.fill('2');
  // The third seat is taken while the wish is on its way: too late for the page to know.
  let third;
  await page.route(`**/api/v1/schedules/${main}`, async (route) => {
    third = await people[2].book(main);
    await route.continue();
  }, { times: 1 });
  await press(page, '保存');
  await meant(office.seen, 409);
  await dialog(page).locator('.field__problem').waitFor();
  assert.equal(await seats.inputValue(), '2', 'what was typed stays');
  assert.equal(await seats.getAttribute('aria-invalid'), 'true');
  await desk.shoot(page, 'capacity');
  await seats.fill('4');
  await press(page, '保存');
  await toast(page, '席位改为 4').waitFor();
  await shows(page, '已约', '3/4');
  await undo('席位改为 4');
  await shows(page, '已约', '3/3');
  people[2].booking = third;
});

test('offers are withdrawn, a free seat is offered by hand, and then given to somebody', async () => {
  for (const student of [people[3], people[4]]) await student.join(main);
  await people[2].cancel(people[2].booking);
  for (const [name, seen] of [['阿冬', '阿夏'], ['阿夏', null]]) {
    await onPerson('收回邀约', name);
    await dialog(page).getByText('不能撤销').waitFor();
    await press(page, '收回邀约');
    await toast(page, `已收回给 ${name} 的邀约`).waitFor();
    await entry(page, name).getByText('已通知').waitFor({ state: 'detached' });
    if (seen) await entry(page, seen).getByText('已通知').waitFor();
  }
  await shows(page, '空位', '1');
  await shows(page, '候补', '2/8');
  await entry(page, '阿冬').getByText('上次邀约被收回').waitFor();
  await asks('释放给候补');
  await dialog(page).getByText('候补的 2 人会收到通知，先确认者得').waitFor();
  await press(page, '释放给候补');
  await toast(page, '已开始抢占').waitFor();
  await entry(page, '阿夏').getByText('已通知').waitFor();
  await shows(page, '空位', '0');
  for (const name of ['阿冬', '阿夏']) {
    await onPerson('收回邀约', name);
    await press(page, '收回邀约');
    await entry(page, name).getByText('已通知').waitFor({ state: 'detached' });
  }
  await onPerson('给名额', '阿夏');
  await dialog(page).getByText('排在前面的 1 人会被越过').waitFor();
  await press(page, '给名额');
  await rosterRow(page, '阿夏').waitFor();
  await shows(page, '候补', '1/8');
  await onPerson('移出', '阿冬');
  await press(page, '移出候补');
  await page.getByText('没有人候补').waitFor();
});

test('blocked and opened again, each taken back at a tap', async () => {
  await asks('暂停预约');
  await dialog(page).getByText('已约的 3 人不受影响').waitFor();
  await press(page, '暂停预约');
  await badge('暂停预约');
  assert.equal((await people[3].refused('POST', '/bookings', { schedule_id: main })).reason, 'schedule_not_open');
  await undo('已暂停预约');
  await badge('已满员');
  await asks('暂停预约');
  await press(page, '暂停预约');
  await badge('暂停预约');
  await asks('恢复预约');
  await press(page, '恢复预约');
  await badge('已满员');
});

test('another time: wrong ones beside the field, a busy coach is told, the right one tells everybody', async () => {
  await makeClass('18:00');
  await asks('改时间地点');
  const [start, end] = [dialog(page).getByLabel('开始'), dialog(page).getByLabel('结束')];
  await end.fill('16:00');
  await press(page, '保存');
  await problem('结束应晚于开始');
  await start.fill('18:30');
  await end.fill('19:30');
  await press(page, '保存');
  await meant(office.seen, 409);
  await problem('该老师在此时段已有课程安排');
  await desk.shoot(page, 'busy');
  await dialog(page).getByLabel('日期').fill('2025-11-11');
  await press(page, '保存');
  await meant(office.seen, 400);
  await dialog(page).locator('.field__problem').waitFor();
  await dialog(page).getByLabel('日期').fill(NEXT);
  await start.fill('16:30');
  await end.fill('17:30');
  await dialog(page).getByLabel('教室').fill('听雨轩');
  await press(page, '保存');
  await toast(page, '已修改，并通知相关的人').waitFor();
  await page.getByText('明天 16:30–17:30').first().waitFor();
  await page.getByText('听雨轩').first().waitFor();
  const { items } = await people[0].call('GET', '/messages?kind=schedule_changed');
  assert.match(JSON.stringify(items[0]), /16:30.*听雨轩/);
});

test('a fee is waited for, paid at the desk, and given back', async () => {
  const paid = (await desk.admin.call('POST', '/courses', { name: '收费课', kind: 1, duration_min: 60, price_fen: 18050 })).id;
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: paid, starts_at: at('10:00', NEXT) });
  await people[0].book(id);
  await visit(page, `/classes/${id}`);
  await rosterRow(page, '阿安').getByText('¥180.50').waitFor();
  await rosterRow(page, '阿安').locator('.countdown', { hasText: '5:00' }).waitFor();
  await onPerson('记为已支付', '阿安');
  await dialog(page).getByText('收到 ¥180.50').waitFor();
  await press(page, '记为已支付');
  await rosterRow(page, '阿安').getByText('已支付').waitFor();
  await rosterRow(page, '阿安').getByText('已确认').waitFor();
  await onPerson('取消', '阿安');
  await dialog(page).getByText('已支付的 ¥180.50 会退款').waitFor();
  await press(page, '取消预约');
  await page.getByText('已取消的 1 个预约').click();
  await page.locator('.roster__ended').getByText('已退款').waitFor();
});

test('what the coach has to confirm, the coach confirms', async () => {
  const asked = (await desk.admin.call('POST', '/courses', { name: '须确认', kind: 1, duration_min: 60, confirm_mode: 'teacher' })).id;
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: asked, teacher_id: teacher, starts_at: at('08:00', NEXT) });
  await visit(coach.page, `/classes/${id}`);
  await coach.page.getByText('还没有人预约').waitFor();
  await people[1].book(id);
  await rosterRow(coach.page, '阿冰').getByText('待老师确认').waitFor();
  await onPerson('确认', '阿冰', coach.page);
  await press(coach.page, '确认');
  await rosterRow(coach.page, '阿冰').getByText('已确认').waitFor();
  assert.equal(await coach.page.getByRole('button', { name: '代约' }).count(), 0, 'booking for others is for staff');
  await onPerson('备注', '阿冰', coach.page);
  await dialog(coach.page).getByLabel('老师备注').fill('需要加强基本功');
  await press(coach.page, '保存');
  await rosterRow(coach.page, '阿冰').getByText('需要加强基本功').waitFor();
  // Somebody else writes while the coach does: nobody's words go unseen.
  await onPerson('备注', '阿冰', coach.page);
  await dialog(coach.page).getByLabel('老师备注').fill('需要加强基本功，下次带毛笔');
  const booking = (await desk.admin.call('GET', `/schedules/${id}/roster`)).bookings.find(({ nickname }) => nickname === '阿冰');
  await desk.admin.call('PATCH', `/bookings/${booking.id}`, { teacher_note: '家长来电请假' });
  await press(coach.page, '保存');
  await problem('有人刚把备注改成了：家长来电请假', coach.page);
  await press(coach.page, '保存');
  await rosterRow(coach.page, '阿冰').getByText('需要加强基本功，下次带毛笔').waitFor();
});

test('the roster as a table: a mark for Excel, nothing that a spreadsheet would run, and on paper', async () => {
  const nasty = await desk.somebody('student', '=1+1');
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: at('12:00', NEXT) });
  await nasty.call('POST', '/bookings', { schedule_id: id, note: '带"引号", 和逗号' });
  await people[0].book(id);
  await visit(page, `/classes/${id}`);
  await rosterRow(page, '=1+1').waitFor();
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: '导出 CSV' }).click();
  const file = await waiting;
  assert.equal(file.suggestedFilename(), '前台练习 2025-11-13 12-00 名单.csv');
  const bytes = readFileSync(await file.path());
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  const lines = bytes.toString('utf8').slice(1).split('\r\n');
  assert.equal(lines[0], '课程,开始,预约编号,学员,状态,费用,预约时间,备注');
  assert.equal(lines.length, 4, 'two people, and the end of the last line');
  const line = lines.find((one) => one.includes('1+1'));
  assert.match(line, /^前台练习,2025-11-13 12:00,[^,]+,'=1\+1,已确认,,2025-11-12 06:00,"带""引号"", 和逗号"$/);
  await page.emulateMedia({ media: 'print' });
  for (const hidden of ['.side', '.class__actions', '.story', '.queue', '.toasts']) assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
  await page.getByText('签到').waitFor();
  await page.getByText('前台练习 · 11月13日 周四 12:00–13:00', { exact: true }).waitFor();
  await desk.shoot(page, 'print', { fullPage: true });
  await page.emulateMedia({ media: 'screen' });
});

test('attendance at a tap, corrected by the other one, and taken back after the class is completed', async () => {
  const { id: nobody } = await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: at('16:10', NEXT) });
  await desk.moveTo(at('16:35', NEXT));
  await visit(coach.page, `/classes/${main}`);
  await onPerson('爽约', '阿安', coach.page);
  await rosterRow(coach.page, '阿安').locator('.badge', { hasText: '爽约' }).waitFor();
  assert.equal(await coach.page.getByRole('button', { name: /^撤销：阿安/ }).count(), 0, 'there is no way back to no mark');
  await onPerson('到课', '阿安', coach.page);
  await rosterRow(coach.page, '阿安').locator('.badge', { hasText: '到课' }).waitFor();
  await undo('阿安 到课', coach.page);
  await rosterRow(coach.page, '阿安').locator('.badge', { hasText: '爽约' }).waitFor();
  await onPerson('到课', '阿安', coach.page);
  await rosterRow(coach.page, '阿安').locator('.badge', { hasText: '到课' }).waitFor();
  // However narrow the column, a button's word stays in one line.
  await coach.page.setViewportSize({ width: 1000, height: 900 });
  for (const button of await coach.page.locator('.roster__buttons .button').all()) assert.ok((await button.boundingBox()).height < 40);
  await coach.page.setViewportSize({ width: 1280, height: 900 });
  await asks('完课', coach.page);
  await dialog(coach.page).getByText('未标记爽约的 2 位学员记为到课').waitFor();
  await press(coach.page, '完课');
  await badge('已完课', coach.page);
  await rosterRow(coach.page, '阿冰').locator('.badge', { hasText: '到课' }).waitFor();
  await onPerson('爽约', '阿冰', coach.page);
  await rosterRow(coach.page, '阿冰').locator('.badge', { hasText: '爽约' }).waitFor();
  await visit(page, `/classes/${main}`);
  await storyLine(page, '阿冰 爽约').waitFor();
  await visit(page, `/board?date=${NEXT}`);
  await card(page, main).getByText('已完课').waitFor();
  assert.equal(await card(page, main).getByText(/空位/).count(), 0, 'a seat of a class that is over is not free');
  await visit(page, `/classes/${nobody}`);
  await asks('完课');
  await dialog(page).getByText('不能撤销').waitFor();
  assert.equal(await dialog(page).getByText('0 位学员').count(), 0, 'what concerns nobody is not said');
  await press(page, '返回');
  forgive(coach.seen, TOKEN_RAN_OUT);
  forgive(office.seen, TOKEN_RAN_OUT);
});

test('a class is revoked: everybody is told, and nothing more can be done with it', async () => {
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: at('20:00', '2025-11-14'), capacity: 1 });
  await people[0].book(id);
  await people[1].join(id);
  await visit(page, `/classes/${id}`);
  await asks('取消这节课');
  for (const text of ['已约的 1 人全部取消，并逐一通知', '候补的 1 人会收到通知，队列结束', '不能撤销']) await dialog(page).getByText(text).waitFor();
  await dialog(page).getByLabel('原因（选填，学员会看到）').fill('教室漏水');
  await desk.shoot(page, 'revoke');
  await press(page, '取消这节课');
  await badge('已取消');
  await storyLine(page, '这节课被取消').waitFor();
  for (const name of ['代约', '改席位', '取消这节课', '改时间地点']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
  await until('the message', async () => /教室漏水/.test(JSON.stringify((await people[0].call('GET', '/messages?kind=booking_cancelled')).items[0])));
});

test('no console error, no CSP violation, nothing fetched from outside', () => {
  assert.deepEqual([office.seen.faults, coach.seen.faults], [[], []]);
});
