// A freed seat as somebody hears of it in WeChat: the demo as it comes, without any settings. A
// student joins a full class, allows messages, closes the page; a seat is freed; the message arrives
// on the phone; a tap leads back to the offer, which is confirmed.

import assert from 'node:assert/strict';
import { lowContrast, openPage } from './browser.mjs';
import { Stage } from './stage.mjs';

const stage = await Stage.open('message', { now: '2025-11-12T11:00:00.000+08:00', demoData: false });
const JOIN = ['候补名额通知', '候补确认提醒', '上课提醒'];
const ASKED = { isAsked: true };
const classPage = (lesson) => `/pages/schedules/detail?id=${lesson.id}`;

/** The phone of the demo's WeChat, on which messages arrive. */
async function weChat(name) {
  const view = await openPage(stage.browser, stage.server.base, { viewport: { width: 375, height: 812 } });
  await view.page.goto(`${stage.server.base}/sandbox/#person=${encodeURIComponent(`student:${name}`)}`);
  return view;
}

stage.test('who joins is asked whether WeChat may tell them; the message leads to the seat, from outside', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson({ starts: '19:00' });
  const phone = await stage.phone('小雨', classPage(lesson), ASKED);
  await phone.tap('加入候补');
  await phone.question.waitFor();
  assert.deepEqual(await phone.question.getByRole('checkbox').evaluateAll((boxes) => boxes.map((box) => box.closest('label').innerText.trim())), JOIN);
  await stage.shoot(phone, 'asked');
  await phone.answer('允许');
  await phone.sees('您是第1位候补');
  await phone.sees('已候补，您是第1位候补', phone.toast);
  await stage.away(phone);

  const { page, seen, context } = await weChat('小雨');
  await lesson.free();
  const message = page.locator('.notice', { hasText: '候补名额通知' });
  await message.waitFor();
  assert.match(await message.innerText(), /书法/);
  assert.match(await message.innerText(), /2025年11月13日 19:00/);
  await page.screenshot({ path: `${stage.folder}/message.png` });
  const isThere = () => /\/m\/\?.*#\/pages\/notifications\/waitlist/.test(page.url());
  // The phone draws its messages anew as it marks them read: a tap in that instant meets nothing.
  for (let taps = 0; taps < 3 && !isThere(); taps += 1) {
    await message.locator('.notice__open').click();
    await page.waitForURL(isThere, { waitUntil: 'commit', timeout: 5_000 }).catch(() => {});
  }
  assert.ok(isThere(), page.url());
  const query = new URL(page.url()).searchParams;
  assert.deepEqual([query.get('person'), query.get('role') ?? 'student'], ['小雨', 'student']);
  await page.getByText('有名额，立即预约').waitFor();
  await page.getByRole('timer').filter({ hasText: '15:00' }).first().waitFor();
  await page.screenshot({ path: `${stage.folder}/from outside.png` });
  assert.deepEqual(seen.faults, []);
  await context.close();

  const back = await stage.phone('小雨', `/pages/notifications/waitlist?id=${await entryOf(lesson, '小雨')}`);
  await back.tap('立即预约');
  await back.sees('已开始确认，先完成者得', back.sheet);
  await back.tap('确认预约', back.sheet);
  await back.sees('预约成功', back.sheet);
});

async function entryOf(lesson, name) {
  return (await lesson.state(name)).mine.waitlist_entry.id;
}

stage.test('a question that stands open gives way to an offer, and comes when the seat is settled', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson({ starts: '19:00' });
  const phone = await stage.phone('嘉怡', classPage(lesson), ASKED);
  await phone.tap('加入候补');
  await phone.question.waitFor();
  // The page behind the question hears of the place before the seat is freed.
  await phone.until(() => phone.seen.heard.some(({ data }) => data?.mine?.waitlist_entry));
  await lesson.free();
  await phone.question.waitFor({ state: 'detached' });
  await phone.tap('有名额，立即预约');
  await phone.sees('已开始确认，先完成者得', phone.sheet);
  await stage.shoot(phone, 'offer first');
  await phone.tap('确认预约', phone.sheet);
  await phone.sees('预约成功', phone.sheet);
  assert.equal(await phone.question.count(), 0);
  await phone.tap('完成', phone.sheet);
  await phone.question.waitFor();
  await stage.shoot(phone, 'asked when it is settled');
  await phone.answer('允许');
  await phone.until(async () => (await school.person('嘉怡')).call('GET', '/users/subscribe').then(({ templates }) => templates.some(({ remaining }) => remaining > 0)));
});

stage.test('a tap on a message whose offer is over says what became of it', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson({ queue: ['小雨', '子轩', '思远'] });
  const [waits, wins] = [lesson.entries['小雨'], lesson.entries['子轩']];
  await lesson.free();
  await lesson.respond('子轩');
  const loser = await stage.phone('小雨', `/pages/notifications/waitlist?id=${waits}`);
  await loser.sees('名额已被抢占');
  await loser.sees('您是第1位候补，有名额会再通知您。');
  await stage.shoot(loser, 'over');
  await loser.tap('查看我的候补');
  await loser.sees('您是第1位候补');
  const winner = await stage.phone('子轩', `/pages/notifications/waitlist?id=${wins}`);
  await winner.sees('候补成功');
  const late = await stage.phone('思远', `/pages/notifications/waitlist?id=${lesson.entries['思远']}`);
  await lesson.free();
  await late.sees('有名额，立即预约');
  await school.at('13:00');
  await late.sees('候补已结束');
});

stage.test('a message about a place that nobody has says so and leads home', async () => {
  const phone = (await stage.phone('小雨', '/pages/notifications/waitlist?id=nobody')).expects(400, 404);
  await phone.button('重试').waitFor();
  assert.deepEqual(await lowContrast(phone.page), []);
  await phone.page.getByRole('button', { name: '回到首页' }).tap();
  await phone.isAt('pages/home/index');
});

stage.test('who refuses is in line all the same, is told that WeChat is silent, and may allow it later', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson();
  const phone = await stage.phone('一诺', classPage(lesson), ASKED);
  await phone.tap('加入候补');
  await phone.answer('拒绝');
  await phone.sees('您是第1位候补');
  await phone.go('/pages/me/consent');
  await phone.sees('微信还不能通知您');
  await stage.shoot(phone, 'silent');
  await phone.tap('允许一次', phone.row('候补名额'));
  await phone.answer('允许');
  await phone.sees('有名额时，微信会通知您');
  await phone.sees('还可通知 1 次');
  // What a message used up shows when the page is opened again.
  await lesson.free();
  await weChatHas('一诺', '候补名额通知');
  await phone.go('/pages/home/index');
  await phone.go('/pages/me/consent');
  await phone.sees('微信还不能通知您');
});

async function weChatHas(name, title) {
  const { page, context } = await weChat(name);
  await page.locator('.notice', { hasText: title }).waitFor();
  await context.close();
}

stage.test('two of one account: the message names the student, and a parent confirms for either', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const parent = await school.person('周妈妈');
  const child = await parent.call('POST', '/students', { nickname: '周小可', relation: 'child' });
  const lesson = await school.lesson();
  const { waitlist_id: id } = await parent.call('POST', '/waitlist/join', { course_schedule_id: lesson.id, profile_id: child.id });
  const phone = await stage.phone('周妈妈', `/pages/notifications/waitlist?id=${id}`);
  await phone.sees('现在没有可确认的名额');
  await lesson.free();
  await phone.sees('有名额，立即预约');
  await phone.sees(/周小可/);
  await phone.tap('立即预约');
  await phone.sees('已开始确认，先完成者得', phone.sheet);
  await phone.sees(/周小可/, phone.sheet);
  await phone.tap('确认预约', phone.sheet);
  await phone.sees('预约成功', phone.sheet);
  const { items } = await parent.call('GET', '/bookings/mine/upcoming');
  assert.deepEqual(items.map((booking) => booking.student_id), [child.id]);
});
