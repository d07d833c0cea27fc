// A freed seat as those see it who work at the school: an operator's board, an operator's page of the
// class and a coach's page of the same class are open while students act by the API. The worked
// examples W2 to W9 of the product, to the millisecond, under a clock that is moved by hand.
//
// The tests run in order, on one server, day after day. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AWAY, card, Desk, dialog, entry, forgive, at, live, meant, press, rosterRow, shows, storyLine, toast, TOKEN_RAN_OUT, until, visit } from './console-desk.mjs';

const BOOKED = ['甲一', '甲二', '甲三', '甲四', '甲五', '甲六'];
const LITERAL = '候补确认已过期，名额已顺位给下一位候补用户';
const TAKEN = '名额已被抢占';
let desk;
let course;
let teacher;
/** The windows: an operator's board, another operator's page of the class, the coach's. */
let board;
let office;
let coach;
let [a, b, c, late] = [];
/** Everybody who has a seat at first. */
let booked;

before(async () => {
  desk = await Desk.open('console-live');
  teacher = await desk.teacher('林老师');
  course = (await desk.admin.call('POST', '/courses', { name: '候补示例', kind: 1, duration_min: 120, default_capacity: 6, waitlist_capacity: 8 })).id;
  [booked, [a, b, c, late]] = await Promise.all([desk.students(BOOKED), desk.students(['阿安', '阿冰', '阿春', '阿冬'])]);
  board = await desk.window('operator', '运营');
  office = await desk.window('operator', '小赵');
  coach = await desk.window('teacher', '林老师');
});

after(() => desk?.close());

const windows = () => [board, office, coach];

/**
 * The class of the examples on one day: 19:00 to 21:00, its six seats taken, A, B and C in line, the
 * waitlist closing at 13:00. The windows show it.
 */
async function example(day) {
  await desk.moveTo(at('08:00', day));
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: course, teacher_id: teacher, starts_at: at('19:00', day), ends_at: at('21:00', day), location: '松风教室' });
  const bookings = await Promise.all(booked.map((student) => student.book(id)));
  const entries = [];
  for (const student of [a, b, c]) entries.push(await student.join(id));
  // The board reads its list when it is opened, and not again for a class that was made meanwhile.
  await visit(board.page, '/courses');
  await visit(board.page, `/board?date=${day}`);
  for (const { page } of [office, coach]) await visit(page, `/classes/${id}`);
  await card(board.page, id).getByText('候补: 3/8人').waitFor();
  for (const { page } of [office, coach]) await entry(page, c.name).locator('.entry__place', { hasText: '3' }).waitFor();
  const [ea, eb, ec] = entries;
  const free = () => booked[0].cancel(bookings[0]);
  return { id, day, bookings, ea, eb, ec, free, time: (clock) => at(clock, day) };
}

/** What the class page of everybody shows while a round runs. */
async function roundShown(text, left) {
  for (const { page } of [office, coach]) {
    const round = page.locator('.rounds__one', { hasText: text });
    await round.locator('.countdown', { hasText: new RegExp(`^${left}$`) }).waitFor();
  }
}

async function cardShows(id, text) {
  await card(board.page, id).getByText(text).first().waitFor();
}

async function whyNot(page, name, text) {
  await page.getByLabel('只看某人').selectOption({ label: name });
  await page.locator('.why__list', { hasText: text }).waitFor();
}

const standingOf = (page, text) => page.locator('.why__now', { hasText: text }).waitFor();

async function positions(page, names) {
  await until(`the queue ${names}`, async () => (await page.locator('.queue .entry .link').allInnerTexts()).join() === names.join());
}

test('a booking made by the API shows at once on the open board and the open class, without a reload', async () => {
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: course, teacher_id: teacher, starts_at: at('16:00'), ends_at: at('18:00') });
  await board.page.reload();
  await cardShows(id, '空位 6');
  for (const { page } of [office, coach]) {
    await visit(page, `/classes/${id}`);
    await page.getByText('还没有人预约').waitFor();
    await live(page);
  }
  // Where the visit ended, so that nothing but the booking is counted.
  await until('the subscription of the card', () => board.seen.heard.some((m) => m.topic === `schedule:${id}`));
  const asked = board.seen.requests.length;
  const visited = office.seen.requests.filter((r) => r === 'GET /console/').length;
  await late.book(id);
  await cardShows(id, '空位 5');
  for (const { page } of [office, coach]) {
    await rosterRow(page, late.name).getByText('已确认').waitFor();
    await shows(page, '已约', '1/6');
    await storyLine(page, '阿冬 预约了名额').waitFor();
  }
  assert.deepEqual(board.seen.requests.slice(asked), [], 'the board asked for nothing');
  assert.equal(office.seen.requests.filter((r) => r === 'GET /console/').length, visited, 'no page was loaded anew');
});

let first;

test('W2: a freed seat is a race of all three until 12:45, on the board, in the class, and for the public', async () => {
  first = await example('2025-11-12');
  await desk.moveTo(first.time('12:30'));
  await first.free();
  await cardShows(first.id, '抢占 15:00');
  await cardShows(first.id, '邀约中 1');
  assert.equal(await card(board.page, first.id).getAttribute('data-state'), 'running');
  await roundShown('先确认者得，还剩', '15:00');
  for (const { page } of [office, coach]) {
    for (const { name } of [a, b, c]) {
      await entry(page, name).getByText('已通知').waitFor();
      await entry(page, name).getByText('抢占，还剩 15:00').waitFor();
    }
    await storyLine(page, '抢占：阿安、阿冰、阿春 可在 12:45:00 前确认，先确认者得').waitFor();
    await storyLine(page, '甲一 取消了预约').waitFor();
    await page.getByText('到 12:45', { exact: true }).waitFor();
  }
  const refused = await late.refused('POST', '/bookings', { schedule_id: first.id });
  assert.deepEqual([refused.status, refused.reason], [409, 'seat_on_offer']);
  await desk.shoot(board.page, 'w2-board');
  await desk.shoot(office.page, 'w2-class', { fullPage: true });
});

test('W3: at 12:40 everybody is reminded, and 5:00 are left', async () => {
  await desk.moveTo(first.time('12:40'));
  await cardShows(first.id, '抢占 5:00');
  await roundShown('先确认者得，还剩', '5:00');
  for (const { page } of [office, coach]) await storyLine(page, '提醒尚未确认的人').waitFor();
});

test('W4: B confirms first; A and C keep their places, and the page says why it was not A', async () => {
  await b.accept(first.eb);
  assert.equal((await a.refusedToAccept(first.ea)).text, TAKEN);
  await cardShows(first.id, '候补: 2/8人');
  await until('the card at rest', async () => (await card(board.page, first.id).getAttribute('data-state')) === 'booked');
  for (const { page } of [office, coach]) {
    await rosterRow(page, '阿冰').getByText('抢占').waitFor();
    await positions(page, ['阿安', '阿春']);
    assert.equal(await page.locator('.rounds').count(), 0);
    await storyLine(page, '阿冰 最先确认，抢到名额').waitFor();
    await storyLine(page, '阿安、阿春：名额已被抢占，位次不变').waitFor();
    await whyNot(page, '阿安', '阿冰 在 12:40:00 先确认了');
    await standingOf(page, '阿安 现在是第 1 位候补。');
    await whyNot(page, '阿春', '阿冰 在 12:40:00 先确认了');
    await whyNot(page, '阿冰', '抢到了名额');
    await standingOf(page, '阿冰 现在有名额。');
  }
  await desk.shoot(office.page, 'w4-why', { fullPage: true });
});

test('W5: 12:44:59.999 is in time', async () => {
  const day = await example('2025-11-13');
  await desk.moveTo(day.time('12:30'));
  await day.free();
  await desk.moveTo(day.time('12:44:59.999'));
  await cardShows(day.id, '抢占 0:01');
  await c.accept(day.ec);
  for (const { page } of [office, coach]) await whyNot(page, '阿冰', '阿春 在 12:44:59 先确认了');
});

test('W5 to W7: 12:45:00.000 is late; the turn is A’s alone; when A is silent, the queue ends at 13:00 and the seat is public', async () => {
  const day = await example('2025-11-15');
  await desk.moveTo(day.time('12:30'));
  await day.free();
  const { items: offers } = await a.call('GET', `/waitlist/${day.ea.waitlist_id}/notifications`);
  await desk.moveTo(day.time('12:45'));
  assert.equal((await b.refusedToAccept(day.eb)).text, LITERAL);
  await desk.moveTo(day.time('12:46'));
  await cardShows(day.id, '顺位 14:00');
  await roundShown('保留给 阿安，还剩', '14:00');
  for (const { page } of [office, coach]) {
    await entry(page, '阿安').getByText('顺位中').waitFor();
    await entry(page, '阿安').getByText('保留给第一位，还剩 14:00').waitFor();
    await entry(page, '阿冰').getByText('已通知').waitFor({ state: 'detached' });
    await storyLine(page, '顺位：名额保留给 阿安，到 13:00:00').waitFor();
    await storyLine(page, '没有在时限内确认').waitFor();
  }
  await desk.shoot(office.page, 'w6-turn', { fullPage: true });
  assert.equal((await b.refusedToAccept(day.eb)).text, LITERAL);
  assert.equal((await a.refusedToAccept(day.ea, { offer_id: offers[0].offer_id })).reason, 'offer_lapsed');
  await desk.moveTo(day.time('13:00'));
  await cardShows(day.id, '空位 1');
  for (const { page } of [office, coach]) {
    await page.getByText('没有人候补').waitFor();
    await shows(page, '空位', '1');
    await page.getByText('候补已于 13:00 截止').waitFor();
    await storyLine(page, '没有人要，名额对所有人开放').waitFor();
    await whyNot(page, '阿冰', '到 12:45:00 没有确认');
    await standingOf(page, '阿冰 现在既没有名额，也不在候补队列中。');
  }
  await late.book(day.id);
  for (const { page } of [office, coach]) await rosterRow(page, '阿冬').waitFor();

  const next = await example('2025-11-16');
  await desk.moveTo(next.time('12:30'));
  await next.free();
  await desk.moveTo(next.time('12:46'));
  await a.accept(next.ea);
  for (const { page } of [office, coach]) {
    await rosterRow(page, '阿安').getByText('顺位').waitFor();
    await storyLine(page, '阿安 在自己的顺位内确认，得到名额').waitFor();
    await whyNot(page, '阿冰', '到 12:45:00 没有确认');
  }
});

test('W8: freed at 09:00, the seat goes from a race to A, B and C in turn, then to the public', async () => {
  const day = await example('2025-11-17');
  await desk.moveTo(day.time('09:00'));
  await day.free();
  await cardShows(day.id, '抢占 15:00');
  for (const [time, name, queue] of [['09:15', '阿安', 3], ['09:30', '阿冰', 2], ['09:45', '阿春', 1]]) {
    await desk.moveTo(day.time(time));
    await cardShows(day.id, '顺位 15:00');
    await cardShows(day.id, `候补: ${queue}/8人`);
    await roundShown(`保留给 ${name}，还剩`, '15:00');
    if (time === '09:30') {
      await desk.moveTo(day.time('09:31'));
      assert.equal((await a.refusedToAccept(day.ea)).text, LITERAL);
      for (const { page } of [office, coach]) await storyLine(page, '阿安 的顺位已过，退出候补').waitFor();
    }
  }
  await desk.moveTo(day.time('10:00'));
  await cardShows(day.id, '空位 1');
  for (const { page } of [office, coach]) {
    await page.getByText('没有人候补').waitFor();
    await whyNot(page, '阿安', '到 09:30:00 没有确认');
  }
  await desk.shoot(coach.page, 'w8-story', { fullPage: true });
});

test('W9: who began in time may finish; without a beginning it is refused; who is faster wins', async () => {
  const day = await example('2025-11-18');
  await desk.moveTo(day.time('12:30'));
  await day.free();
  await desk.moveTo(day.time('12:44'));
  await b.begin(day.eb);
  for (const { page } of [office, coach]) {
    await entry(page, '阿冰').getByText('正在确认').waitFor();
    await storyLine(page, '阿冰 开始确认').waitFor();
  }
  await desk.moveTo(day.time('12:46'));
  assert.equal((await c.refusedToAccept(day.ec)).text, LITERAL);
  await b.accept(day.eb);
  for (const { page } of [office, coach]) {
    await rosterRow(page, '阿冰').waitFor();
    await whyNot(page, '阿春', '到 12:45:00 没有确认');
  }

  const next = await example('2025-11-19');
  await desk.moveTo(next.time('12:30'));
  await next.free();
  await desk.moveTo(next.time('12:44'));
  await b.begin(next.eb);
  await desk.moveTo(next.time('12:44:30'));
  await c.accept(next.ec);
  assert.equal((await b.refusedToAccept(next.eb)).text, TAKEN);
  for (const { page } of [office, coach]) await whyNot(page, '阿冰', '阿春 在 12:44:30 先确认了');
});

test('somebody who cannot be given the seat is passed over, and the page says why', async () => {
  const day = await example('2025-11-20');
  // Another class at that time, booked while they wait.
  const { id: other } = await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: day.time('19:30'), ends_at: day.time('20:30') });
  await a.book(other);
  await desk.moveTo(day.time('12:30'));
  await day.free();
  await desk.moveTo(day.time('12:45'));
  await roundShown('保留给 阿冰，还剩', '15:00');
  for (const { page } of [office, coach]) {
    await entry(page, '阿安').getByText('上次被跳过：时间冲突').waitFor();
    await storyLine(page, '跳过 阿安：与其他课程时间冲突').waitFor();
    await whyNot(page, '阿安', '与其他课程时间冲突，没有轮到');
  }
  await desk.shoot(office.page, 'passed-over', { fullPage: true });
});

test('two operators at once: the second is told why not, keeps what was typed, and sees what is so', async () => {
  const { id } = await desk.admin.call('POST', '/schedules', { course_id: course, starts_at: at('10:00', '2025-11-21'), capacity: 1 });
  for (const { page } of [office, board]) {
    await visit(page, `/classes/${id}`);
    await page.getByRole('button', { name: '代约' }).click();
    await dialog(page).getByLabel('按名字查找学员').fill(page === office.page ? '阿安' : '阿冰');
    await dialog(page).getByLabel('备注（选填）').fill('前台来电');
    await dialog(page).getByRole('radio', { name: page === office.page ? '阿安' : '阿冰' }).first().check();
  }
  await press(office.page, '预约');
  await toast(office.page, '已为 阿安 预约').waitFor();
  await press(board.page, '预约');
  await dialog(board.page).getByRole('alert').getByText('时段已被预约').waitFor();
  await meant(board.seen, 409);
  assert.equal(await dialog(board.page).getByLabel('备注（选填）').inputValue(), '前台来电');
  await desk.shoot(board.page, 'conflict');
  await press(board.page, '返回');
  for (const { page } of [office, board]) {
    await shows(page, '已约', '1/1');
    await rosterRow(page, '阿安').waitFor();
    assert.equal(await rosterRow(page, '阿冰').count(), 0);
  }
});

test('a server that is killed in the midst of a race: the page says so, then shows what happened meanwhile and the same deadline', async () => {
  const day = await example('2025-11-22');
  await desk.moveTo(day.time('12:30'));
  await day.free();
  await desk.moveTo(day.time('12:43'));
  await cardShows(day.id, '抢占 2:00');
  for (const { seen } of windows()) forgive(seen, TOKEN_RAN_OUT);
  assert.deepEqual(windows().flatMap(({ seen }) => seen.faults), []);
  await desk.server.stop('SIGKILL');
  for (const { page } of windows()) await page.getByText('连接已断开，正在重连…').first().waitFor();
  await desk.shoot(board.page, 'away-board');
  await desk.shoot(office.page, 'away-class');
  desk.server.now = day.time('12:43');
  await desk.server.start();
  await c.decline(day.ec);
  await booked[1].cancel(day.bookings[1]);
  // One waits, the others are impatient.
  for (const { page } of [office, coach]) await page.getByRole('button', { name: '立即重连' }).click({ timeout: 2_000 }).catch(() => undefined);
  await cardShows(day.id, '抢占 2:00');
  await cardShows(day.id, '邀约中 2');
  for (const { page } of [office, coach]) {
    await storyLine(page, '甲二 取消了预约').waitFor();
    await storyLine(page, '阿春 放弃了名额').waitFor();
    await page.locator('.rounds__one .countdown', { hasText: /^2:00$/ }).waitFor();
    await page.locator('.rounds__one .countdown', { hasText: /^15:00$/ }).waitFor();
    await positions(page, ['阿安', '阿冰', '阿春']);
  }
  for (const { page } of windows()) assert.equal(await page.getByText('连接已断开').count(), 0);
  for (const { seen } of windows()) forgive(seen, AWAY);
});

test('no console error, no CSP violation, nothing fetched from outside', () => {
  for (const { seen } of windows()) {
    forgive(seen, TOKEN_RAN_OUT);
    assert.deepEqual(seen.faults, []);
  }
});
