// A freed seat as several people see it at once, each on a phone of their own: the worked examples of
// a class at 19:00 whose queue closes at 13:00, to the minute, on a clock that the test moves.

import assert from 'node:assert/strict';
import { School } from './school.mjs';
import { Stage } from './stage.mjs';

const TAKEN = '名额已被抢占';
const LAPSED = '候补确认已过期，名额已顺位给下一位候补用户';
const REMINDER = '确认预约？还剩5分钟决策时间';
const OFFERED = '有名额，立即预约';

const stage = await Stage.open('mini-race', { now: '2025-11-12T11:00:00.000+08:00', demoData: false });
const classPage = (lesson) => `/pages/schedules/detail?id=${lesson.id}`;
const placePage = (lesson, name) => `/pages/waitlist/detail?id=${lesson.entries[name]}`;

/** A full class of a new day with A, B and C in line, and the seat that is freed at this time. */
async function released(at, options = {}) {
  const { school } = stage;
  await school.newDay(at);
  return school.lesson({ queue: ['A', 'B', 'C'], ...options });
}

/** Opens the sheet on which a seat is confirmed, and waits until the server knows. */
async function opensSheet(phone) {
  await phone.tap(OFFERED);
  await phone.sees(/^已开始确认/, phone.sheet);
}

stage.test('W2, W3, W4: all who wait see the seat and the same countdown; the first to confirm has it, the others keep their places', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const a = await stage.phone('A', classPage(lesson));
  const b = await stage.phone('B', placePage(lesson, 'B'));
  const c = await stage.phone('C');
  await a.sees('您是第1位候补');
  await b.sees('您是第2位候补');
  await c.sees('您是第3位候补');
  await lesson.free();
  for (const phone of [a, b]) {
    await phone.sees(OFFERED);
    await phone.counts('15:00');
  }
  await c.counts('15:00');
  await stage.shoot(b, 'offer');

  const stranger = await stage.phone('D', classPage(lesson));
  await stranger.sees('已满员');
  await stranger.sees('空出的名额正由候补用户确认');
  assert.equal(await stranger.button('立即预约').count(), 0, 'the public is not offered the seat');
  await stranger.expects(409).go(`/pages/booking/confirm?id=${lesson.id}`);
  await stranger.sees('时段已被预约');

  await school.at('12:33:20');
  await Promise.all([a, b, c].map((phone) => phone.counts('11:40')));
  await c.go('/pages/messages/index');
  await c.sees(OFFERED, c.page.getByRole('alert'));
  await school.at('12:40');
  await Promise.all([a, b, c].map((phone) => phone.sees(REMINDER)));
  await Promise.all([a, b, c].map((phone) => phone.counts('05:00')));
  await stage.shoot(c, 'reminder over another page');

  await opensSheet(b);
  await stage.shoot(b, 'confirm');
  await b.tap('确认预约', b.sheet);
  await b.sees('预约成功', b.sheet);
  await stage.shoot(b, 'won');
  await a.sees(TAKEN);
  await a.sees('您是第1位候补');
  await c.sees(TAKEN);
  await stage.shoot(a, 'lost');
  await c.go('/pages/waitlist/index');
  await c.sees('您是第2位候补');
  await b.tap('查看预约', b.sheet);
  await b.sees('已预约');
});

stage.test('W4: two confirm in the same instant: one has the seat, and both see the truth', async () => {
  const phones = (await stage.phones(['A', 'B'], '/pages/messages/index')).map((phone) => phone.expects(409));
  for (const round of [1, 2, 3]) {
    const lesson = await released('12:30', { queue: ['A', 'B'] });
    await Promise.all(phones.map((phone) => phone.go(classPage(lesson))));
    await phones[0].sees('您是第1位候补');
    await lesson.free();
    await Promise.all(phones.map(opensSheet));
    // Both have begun, and neither has the seat.
    for (const phone of phones) {
      await phone.sees('已开始确认，先完成者得', phone.sheet);
      await phone.sees(/名额还不是您的/, phone.sheet);
    }
    if (round === 1) await stage.shoot(phones[0], 'begun in a race');
    const go = await held(phones);
    await Promise.all(phones.map((phone) => phone.tap('确认预约', phone.sheet)));
    await go();
    const ends = await Promise.all(phones.map(async (phone) => {
      const [won, lost] = ['预约成功', TAKEN].map((words) => phone.sheet.getByText(words, { exact: true }));
      await won.or(lost).waitFor();
      return (await won.count()) > 0;
    }));
    assert.equal(ends.filter(Boolean).length, 1, `round ${round}: winners`);
    const [winner, loser] = ends[0] ? phones : phones.toReversed();
    await loser.sees('您是第1位候补，有名额会再通知您。', loser.sheet);
    if (round === 1) await stage.shoot(loser, 'lost by an instant');
    const { seats_taken: taken, capacity, mine } = await lesson.state(winner.name);
    assert.deepEqual([taken, mine.booking.status], [capacity, 'confirmed']);
  }
});

/** Keeps what these phones answer until both have; then all go out at once. */
async function held(phones) {
  const waiting = [];
  for (const { page } of phones) await page.route('**/waitlist/*/respond', (route) => waiting.push(route));
  return async () => {
    await phones[0].until(() => waiting.length === phones.length);
    await Promise.all(waiting.map((route) => route.continue()));
    await Promise.all(phones.map(({ page }) => page.unroute('**/waitlist/*/respond')));
  };
}

stage.test('W5, W6: who begins too late finds the offer lapsed; the seat is kept for the first in line, who takes it', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const a = await stage.phone('A', classPage(lesson));
  const b = await stage.phone('B', placePage(lesson, 'B'));
  const watcher = await stage.phone('D', classPage(lesson));
  await lesson.free();
  await b.sees(OFFERED);
  const { mine: { offer } } = await lesson.state('B');
  await school.at('12:44:59.999');
  await b.counts('00:01');
  await school.at('12:45');
  await a.sees('保留给第一位');
  await a.counts('15:00');
  await watcher.sees('保留给第一位');
  await b.sees('您是第2位候补');
  await b.sees('候补确认已过期');
  await stage.shoot(a, 'turn');
  await school.at('12:46');
  const late = await lesson.respond('B', 'accept', offer.id).catch((error) => error);
  assert.deepEqual([late.status, late.text], [409, LAPSED]);
  await opensSheet(a);
  await a.counts('14:00', a.sheet.getByRole('timer'));
  await a.tap('确认预约', a.sheet);
  await a.sees('预约成功', a.sheet);
  await b.sees('您是第1位候补');
});

stage.test('W5, W6: a sheet that was open over the deadline says so in the literal words', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const b = (await stage.phone('B', placePage(lesson, 'B'))).expects(409);
  await lesson.free();
  await b.sees(OFFERED);
  // The confirmation is not recorded, and the answer comes too late: a phone without a network.
  await b.page.route('**/waitlist/*/begin', (route) => route.abort());
  await b.tap(OFFERED);
  await b.counts('15:00', b.sheet.getByRole('timer'));
  await b.page.route('**/waitlist/*/respond', async (route) => {
    await school.at('12:46');
    await route.continue();
  });
  await b.tap('确认预约', b.sheet);
  await b.sees(LAPSED, b.sheet);
  await b.sees('您是第2位候补，有名额会再通知您。', b.sheet);
  await stage.shoot(b, 'lapsed');
  b.wasCutOff();
});

stage.test('W5: whose sheet is open when the race ends is told that the seat is now kept for them, the first in line', async () => {
  const { school } = stage;
  const lesson = await released('12:30', { queue: ['A', 'B'] });
  // As soon as the network is there again the beginning is recorded, perhaps too late.
  const a = (await stage.phone('A', placePage(lesson, 'A'))).expects(409);
  await lesson.free();
  // Not begun, as on a phone without a network: a begun confirmation would not lapse.
  await a.page.route('**/waitlist/*/begin', (route) => route.abort());
  await a.tap(OFFERED);
  await a.counts('15:00', a.sheet.getByRole('timer'));
  await school.at('12:45');
  await a.sees('名额现已按顺位单独保留给您，请重新确认。', a.sheet);
  await a.seesNo(/下一位/, a.sheet);
  await stage.shoot(a, 'lapsed and kept');
  await a.page.unroute('**/waitlist/*/begin');
  await a.tap('知道了', a.sheet);
  await a.sees('保留给第一位');
  await a.tap(OFFERED);
  await a.sees('已开始确认，请在时限内完成', a.sheet);
  await a.tap('确认预约', a.sheet);
  await a.sees('预约成功', a.sheet);
  a.wasCutOff();
});

stage.test('W7: where nobody is next in line, a lapse does not say that somebody is', async () => {
  const { school } = stage;
  await school.newDay('09:00');
  const lesson = await school.lesson({ queue: ['A'] });
  const a = await stage.phone('A', placePage(lesson, 'A'));
  await lesson.free();
  await a.sees(OFFERED);
  await school.at('09:15');
  await a.sees('保留给第一位');
  await school.at('09:30');
  await a.sees('候补确认已过期', a.screen.locator('.place'));
  await a.seesNo(/下一位/);
  await stage.shoot(a, 'lapsed and nobody next');
});

stage.test('W7: nobody answers until the queue closes: all places end, and the seat is public', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const a = await stage.phone('A', classPage(lesson));
  const b = await stage.phone('B', placePage(lesson, 'B'));
  const stranger = await stage.phone('D', classPage(lesson));
  await lesson.free();
  await a.sees(OFFERED);
  await school.at('12:59:59');
  await a.sees('保留给第一位');
  await school.at('13:00');
  await a.sees('候补已截止');
  await b.sees('候补已结束');
  await stage.shoot(b, 'closed');
  await stranger.sees('剩 1 席');
  await stranger.tap('立即预约');
  await stranger.sees('已为您占位');
  await stranger.tap('提交预约');
  await stranger.sees('预约成功');
  await a.sees('已满员');
});

stage.test('W8: a seat that is freed in the morning goes through the turns, one after the other', async () => {
  const { school } = stage;
  await school.newDay('09:00');
  const lesson = await school.lesson({ queue: ['A', 'B', 'C'] });
  const a = await stage.phone('A', placePage(lesson, 'A'));
  const b = await stage.phone('B', placePage(lesson, 'B'));
  const c = await stage.phone('C', classPage(lesson));
  await lesson.free();
  await a.counts('15:00');
  await school.at('09:15');
  await a.sees('保留给第一位');
  await c.sees('您是第3位候补');
  await school.at('09:30');
  await a.sees(LAPSED);
  await b.sees('保留给第一位');
  await b.counts('15:00');
  await c.sees('您是第2位候补');
  await school.at('09:31');
  const late = await lesson.respond('A').catch((error) => error);
  assert.equal(late.text, LAPSED);
  await b.tap(OFFERED);
  await b.tap('放弃这个名额', b.sheet);
  await b.answer('放弃');
  await b.sees('已放弃这个名额', b.sheet);
  await c.sees('保留给第一位');
  await c.counts('15:00');
  await school.at('09:46');
  await c.sees('剩 1 席');
});

stage.test('W9: a confirmation that was begun at 12:44 is accepted at 12:46; another at the same time is not', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const b = await stage.phone('B', classPage(lesson));
  await lesson.free();
  await b.sees(OFFERED);
  await school.at('12:44');
  await b.counts('01:00');
  await opensSheet(b);
  await b.counts('05:00', b.sheet.getByRole('timer'));
  await school.at('12:46');
  await b.counts('03:00', b.sheet.getByRole('timer'));
  const late = await lesson.respond('C').catch((error) => error);
  assert.equal(late.text, LAPSED);
  await b.tap('确认预约', b.sheet);
  await b.sees('预约成功', b.sheet);
});

stage.test('W9: a begun confirmation does not keep the seat from somebody who is quicker', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const b = await stage.phone('B', placePage(lesson, 'B'));
  await lesson.free();
  await b.sees(OFFERED);
  await school.at('12:44');
  await opensSheet(b);
  await school.at('12:44:30');
  await lesson.respond('C');
  await b.sees(TAKEN, b.sheet);
  await b.sees('您是第2位候补，有名额会再通知您。', b.sheet);
  await stage.shoot(b, 'lost with the sheet open');
  await b.tap('知道了', b.sheet);
  await b.sees('您是第2位候补');
});

stage.test('a double tap is one booking, of a seat on offer and of a public one', async () => {
  const lesson = await released('12:30', { queue: ['A'] });
  const a = await stage.phone('A', classPage(lesson));
  await lesson.free();
  await opensSheet(a);
  const asked = () => a.seen.requests.filter((request) => /respond|POST \/api\/v1\/bookings$/.test(request)).length;
  await twice(a.button('确认预约', a.sheet));
  await a.sees('预约成功', a.sheet);
  assert.equal(asked(), 1);
  const open = await stage.school.lesson({ starts: '22:00', free: 2 });
  await a.go(`/pages/booking/confirm?id=${open.id}`);
  await a.sees('已为您占位');
  await twice(a.button('提交预约'));
  await a.sees('预约成功');
  assert.equal(asked(), 2);
  const { seats_taken: taken, seats_held: held } = await open.state();
  assert.deepEqual([taken, held], [1, 0]);
});

/** Two touches as quick as a finger can, without waiting for anything in between. */
async function twice(button) {
  await button.evaluate((element) => {
    for (let count = 0; count < 2; count += 1) element.click();
  });
}

stage.test('an offer shows over any other page, and leads to its confirmation', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const a = await stage.phone('A', '/pages/courses/index');
  await a.isLive();
  await lesson.free();
  const popup = a.page.getByRole('alert');
  await a.sees(OFFERED, popup);
  await a.sees('书法', popup);
  await a.counts('15:00', popup.getByRole('timer'));
  await stage.shoot(a, 'popup');
  await school.at('12:35');
  await a.counts('10:00', popup.getByRole('timer'));
  await a.tap('立即预约', popup);
  await a.isAt('pages/waitlist/detail');
  await a.sees(/^已开始确认/, a.sheet);
  await a.tap('确认预约', a.sheet);
  await a.sees('预约成功', a.sheet);
});

stage.test('a notice that was put away stays away; the offer is on the first page, and the reminder comes all the same', async () => {
  const { school } = stage;
  const lesson = await released('12:30');
  const a = await stage.phone('A', '/pages/calendar/index');
  await a.isLive();
  await lesson.free();
  await a.tap('稍后', a.page.getByRole('alert'));
  await a.seesNo(OFFERED, a.page.getByRole('alert'));
  await a.go('/pages/home/index');
  await a.counts('15:00');
  await a.go('/pages/me/index');
  await school.at('12:40');
  await a.sees(REMINDER);
});

stage.test('two seats on offer: the one that ends first comes first, each is confirmed for itself', async () => {
  const { school } = stage;
  const evening = await released('12:10', { queue: ['A'] });
  const late = await school.lesson({ starts: '21:30', queue: ['A'] });
  const a = await stage.phone('A');
  await late.free();
  await a.counts('15:00');
  await school.at('12:15');
  await evening.free();
  const timers = a.screen.getByRole('timer');
  await a.counts('15:00', timers.nth(1));
  await a.counts('10:00', timers.nth(0));
  await stage.shoot(a, 'two offers');
  await a.tap('立即预约');
  await a.counts('10:00', a.sheet.getByRole('timer'));
  await a.tap('确认预约', a.sheet);
  await a.sees('预约成功', a.sheet);
  await a.tap('完成', a.sheet);
  await a.go('/pages/home/index');
  await a.counts('15:00');
  assert.equal((await late.state('A')).mine.booking?.status, 'confirmed');
  assert.equal((await evening.state('A')).mine.booking, null);
});

stage.test('a class that is called off while somebody is about to confirm is said so', async () => {
  const lesson = await released('12:30', { queue: ['A'] });
  const open = await stage.school.lesson({ starts: '22:00', free: 1 });
  const a = await stage.phone('A', classPage(lesson));
  const d = await stage.phone('D', `/pages/booking/confirm?id=${open.id}`);
  await lesson.free();
  await opensSheet(a);
  await d.sees('已为您占位');
  await d.screen.getByRole('textbox', { name: '备注' }).fill('坐在前排');
  for (const one of [lesson, open]) await stage.school.admin.call('POST', `/schedules/${one.id}/revoke`, { reason: '老师生病' });
  await a.sees('课程已取消', a.sheet);
  await d.sees('课程已取消');
  assert.equal(await d.button('提交预约').count(), 0);
  await stage.shoot(d, 'called off');
  await d.tap('看看这节课的情况');
  await d.isAt('pages/schedules/detail');
  await d.sees('课程已取消');
});

stage.test('a phone whose clock is wrong by hours counts down to the same instant', async () => {
  // Only on a clock that runs can a phone be wrong about it.
  const server = await stage.serve('running', { now: null, demoData: false });
  const school = await School.open(server.base);
  const lesson = await school.lesson({ starts: new Date(Date.now() + 86_400_000).toISOString(), queue: ['A', 'B', 'C'] });
  const wrong = (hours) => ({ base: server.base, prepare: (page) => page.clock.install({ time: Date.now() + hours * 3_600_000 }) });
  const phones = await Promise.all([['A', 5], ['B', -5], ['C', 0]].map(([name, hours]) => stage.phone(name, classPage(lesson), wrong(hours))));
  await phones[0].sees('您是第1位候补');
  await lesson.free();
  await Promise.all(phones.map((phone) => phone.sees(OFFERED)));
  const { mine: { offer } } = await lesson.state('A');
  // The bound is wide for a busy machine; a clock that is not corrected is off by hours.
  for (const phone of phones) {
    const [minutes, seconds] = (await phone.timer.innerText()).split(':').map(Number);
    const left = (Date.parse(offer.deadline) - Date.now()) / 1000;
    assert.ok(Math.abs(60 * minutes + seconds - left) <= 5, `${phone.name}: ${minutes}:${seconds}, ${left} s are left`);
  }
  await opensSheet(phones[0]);
  await phones[0].tap('确认预约', phones[0].sheet);
  await phones[0].sees('预约成功', phones[0].sheet);
  await phones[1].sees(TAKEN);
});

stage.test('a seat that is freed while the page is loading is shown: an answer that is older does not stand', async () => {
  const lesson = await released('12:30', { queue: ['A'] });
  const a = await stage.phone('A', '/pages/messages/index');
  await a.isLive();
  await a.page.route(`**/api/v1/slots/${lesson.id}**`, async (route) => {
    const response = await route.fetch();
    await lesson.free();
    await a.until(() => a.seen.heard.some(({ type, event }) => type === 'event' && event === 'seat_offered'));
    await route.fulfill({ response });
  }, { times: 1 });
  await a.go(classPage(lesson));
  await a.sees(OFFERED);
  await a.counts('15:00');
});
