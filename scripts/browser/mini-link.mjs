// A phone whose server, network or login goes away: it says so, shows how things stand as soon as it
// can, loses nothing that was typed, and books once what was tapped once.

import assert from 'node:assert/strict';
import { Person } from './server.mjs';
import { Stage } from './stage.mjs';

const BROKEN = '连接已断开，正在重连…';
const OFFERED = '有名额，立即预约';
const PASSWORD = 'a long walk by the lake';
/** Longer than the longest pause between two attempts to connect. */
const BACK_MS = 30_000;

const stage = await Stage.open('mini-link', { now: '2025-11-12T11:00:00.000+08:00', demoData: false });
const classPage = (lesson) => `/pages/schedules/detail?id=${lesson.id}`;
const confirmPage = (lesson) => `/pages/booking/confirm?id=${lesson.id}`;

async function isBack(phone) {
  await phone.screen.getByText(BROKEN).waitFor({ state: 'detached', timeout: BACK_MS });
}

const note = (phone) => phone.screen.getByRole('textbox', { name: '备注' });
const hasNote = (phone, words) => phone.until(async () => (await note(phone).inputValue()) === words);

/** With a browser's clock that the test can move, on top of the server's. */
const CLOCKED = { prepare: (page) => page.clock.install({ time: Date.now() }) };

/** Stands between a page and its sockets, and lets nothing through while it is silent. */
class Silence {
  #is = false;

  begin() {
    this.#is = true;
  }

  end() {
    this.#is = false;
  }

  between(page) {
    return page.routeWebSocket(/\/api\/v1\/ws$/, (near) => {
      const far = near.connectToServer();
      near.onMessage((message) => this.#is || far.send(message));
      far.onMessage((message) => this.#is || near.send(message));
    });
  }
}

stage.test('a server that is killed and comes back: the phone says so, then shows what happened meanwhile', async () => {
  const { school } = stage;
  await school.newDay('12:20');
  const lesson = await school.lesson({ queue: ['A', 'B'] });
  const a = await stage.phone('A', classPage(lesson));
  const b = await stage.phone('B');
  await a.sees('您是第1位候补');
  await b.sees('您是第2位候补');
  await stage.server.stop('SIGKILL');
  for (const phone of [a, b]) await phone.sees(BROKEN);
  await stage.shoot(a, 'broken');
  await a.sees('您是第1位候补');
  await stage.restart();
  await school.at('12:30');
  await lesson.free();
  for (const phone of [a, b]) {
    await isBack(phone);
    await phone.counts('15:00');
  }
  await school.at('12:33');
  for (const phone of [a, b]) await phone.counts('12:00');
  await lesson.respond('B');
  await a.sees('名额已被抢占');
  await a.sees('您是第1位候补');
  for (const phone of [a, b]) phone.wasCutOff();
});

stage.test('W13: a server that is away over a deadline gives the turn after its start, and the countdown is that of the server', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson({ queue: ['A', 'B'] });
  const a = await stage.phone('A', classPage(lesson));
  await lesson.free();
  await a.counts('15:00');
  await school.at('12:43');
  await a.counts('02:00');
  await stage.server.stop('SIGKILL');
  await a.sees(BROKEN);
  await stage.restart();
  await isBack(a);
  await a.counts('02:00');
  await stage.server.stop('SIGKILL');
  await a.sees(BROKEN);
  school.now = school.instant('12:47');
  await stage.restart();
  await isBack(a);
  await a.sees('保留给第一位');
  await a.counts('13:00');
  a.wasCutOff();
});

stage.test('a tap while the server is away keeps what was typed, and is repeated under the same key', async () => {
  const { school } = stage;
  await school.newDay('12:00');
  const lesson = await school.lesson({ free: 1 });
  const phone = (await stage.phone('C', confirmPage(lesson))).expects(409);
  const asked = phone.listensTo('/api/v1/bookings');
  await phone.sees('已为您占位');
  await note(phone).fill('坐在前排');
  await stage.server.stop('SIGKILL');
  await phone.sees(BROKEN);
  await phone.tap('提交预约');
  await phone.sees('连不上服务器，请检查网络后重试。还不知道结果，请再点一次提交。');
  await stage.shoot(phone, 'unknown');
  await hasNote(phone, '坐在前排');
  await stage.restart();
  await isBack(phone);
  await phone.tap('提交预约');
  await phone.sees('预约成功');
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
  assert.ok(asked.length > 1 && asked[0].key);
  await hasNote(phone, '坐在前排');
  phone.wasCutOff();
});

stage.test('an answer that is lost on its way is asked for again under the same key: one booking', async () => {
  const { school } = stage;
  await school.newDay('12:00');
  const lesson = await school.lesson({ free: 2 });
  const phone = await stage.phone('D', confirmPage(lesson));
  const asked = phone.listensTo('/api/v1/bookings');
  await phone.sees('已为您占位');
  await loseAnswers(phone, '**/api/v1/bookings', 1);
  await phone.tap('提交预约');
  await phone.sees('预约成功');
  assert.equal(asked.length, 2);
  assert.deepEqual(asked[0], asked[1]);
  const { items } = await (await school.person('D')).call('GET', '/bookings');
  assert.equal(items.length, 1);
  assert.equal((await lesson.state()).seats_taken, 1);
  phone.wasCutOff();
});

stage.test('a seat on offer that was confirmed without an answer is confirmed once, however often one taps', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson({ queue: ['A', 'B'] });
  const phone = await stage.phone('B', `/pages/waitlist/detail?id=${lesson.entries.B}`);
  await lesson.free();
  await phone.tap(OFFERED);
  await phone.sees('已开始确认，先完成者得', phone.sheet);
  const asked = phone.listensTo('/respond');
  await loseAnswers(phone, '**/respond', 3);
  await phone.tap('确认预约', phone.sheet);
  await phone.sees(/还不知道结果/, phone.sheet);
  await stage.shoot(phone, 'unknown offer');
  await phone.tap('确认预约', phone.sheet);
  await phone.sees('预约成功', phone.sheet);
  assert.equal(asked.length, 4);
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
  phone.wasCutOff();
});

/** The server hears the request; its answer does not arrive, so many times. */
async function loseAnswers(phone, where, count) {
  let lost = 0;
  await phone.page.route(where, async (route) => {
    if (lost === count) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort('connectionreset');
  });
}

stage.test('in the background the socket rests; back in front the phone shows how things stand now', async () => {
  const { school } = stage;
  await school.newDay('12:30');
  const lesson = await school.lesson({ queue: ['A', 'B'] });
  const phone = await stage.phone('A', classPage(lesson), CLOCKED);
  await phone.sees('您是第1位候补');
  await lesson.free();
  await phone.counts('15:00');
  await phone.background();
  await phone.page.clock.fastForward(6_000);
  await phone.until(() => phone.seen.sockets === 0);
  const told = () => phone.seen.heard.filter(({ type }) => type === 'frame' || type === 'event').length;
  const before = told();
  await school.at('12:45');
  await school.at('12:50');
  await phone.page.clock.fastForward(120_000);
  assert.equal(told(), before, 'nothing is heard in the background');
  await phone.foreground();
  await phone.sees('保留给第一位');
  await phone.counts('10:00');
  await phone.background();
  await phone.page.clock.fastForward(6_000);
  await lesson.respond('A');
  await phone.foreground();
  await phone.sees('您已预约');
  assert.equal(await phone.screen.getByText(BROKEN).count(), 0);
});

stage.test('offline: after some silence the phone says so; online it goes on by itself', async () => {
  const { school } = stage;
  await school.newDay('12:00');
  const lesson = await school.lesson({ queue: ['A'] });
  const silent = new Silence();
  const phone = await stage.phone('A', '/pages/me/index', {
    prepare: async (page) => {
      await CLOCKED.prepare(page);
      await silent.between(page);
    },
  });
  await phone.isLive();
  // Offline, the socket stays open and nothing goes through it any more.
  await phone.context.setOffline(true);
  silent.begin();
  // The clock of this server stands, so a ping is sent every second; who does not answer for ten is lost.
  await phone.page.clock.fastForward(1_500);
  await phone.page.clock.fastForward(5_000);
  assert.equal(await phone.screen.getByText(BROKEN).count(), 0, 'it may still answer');
  await phone.page.clock.fastForward(6_000);
  await phone.sees(BROKEN);
  silent.end();
  await phone.go(classPage(lesson));
  await phone.sees('连不上服务器，请检查网络后重试');
  await stage.shoot(phone, 'offline');
  await lesson.free();
  await phone.context.setOffline(false);
  // More than a pause between two attempts, less than a request may take: the page is loading again.
  await phone.page.clock.fastForward(8_000);
  await isBack(phone);
  await phone.sees(OFFERED);
  await phone.counts('15:00');
  phone.wasCutOff();
});

stage.test('a login that has ended is asked for again; one comes back to where one was, and nothing typed is lost', async () => {
  const { school } = stage;
  await school.newDay('12:00');
  const lesson = await school.lesson({ free: 1 });
  const { server: { base } } = stage;
  const account = { username: 'chenmama', password: PASSWORD };
  await Person.register(base, { ...account, nickname: '陈妈妈' });
  const phone = (await stage.phone({ name: null }, confirmPage(lesson))).expects(401);
  await phone.isAt('pages/login/index');
  await logIn(phone, account);
  await phone.isAt('pages/booking/confirm');
  await phone.sees('已为您占位');
  await note(phone).fill('第一次来');
  const other = await Person.enter(base, account);
  const { items } = await other.call('GET', '/sessions');
  const [here] = items.filter((session) => !session.current && /Chrom/.test(session.device));
  await other.call('DELETE', `/sessions/${here.id}`);
  await phone.tap('提交预约');
  await phone.isAt('pages/login/index');
  await phone.sees('登录已过期，请重新登录。刚才填写的内容都还在。');
  await stage.shoot(phone, 'expired');
  await logIn(phone, account);
  await phone.isAt('pages/booking/confirm');
  await hasNote(phone, '第一次来');
  await phone.tap('提交预约');
  await phone.sees('预约成功');
  await hasNote(phone, '第一次来');
  phone.wasCutOff();
});

async function logIn(phone, { username, password }) {
  await phone.tapOn('密码登录');
  await phone.screen.getByRole('textbox', { name: '手机号或账号' }).fill(username);
  await phone.screen.getByLabel('密码', { exact: true }).fill(password);
  await phone.screen.getByRole('checkbox', { name: '我已阅读并同意' }).tap();
  await phone.tap(/^登录$/);
}

stage.test('somebody of the demo whose token has ended goes on without a word', async () => {
  const { school } = stage;
  await school.newDay('12:00');
  const lesson = await school.lesson({ free: 1 });
  const phone = (await stage.phone('E', classPage(lesson))).expects(401);
  await phone.sees('剩 1 席');
  // The access token ends within the day; the refresh token after a month.
  await school.newDay('12:00');
  const next = await school.lesson({ free: 1 });
  await phone.go(classPage(next));
  await phone.sees('剩 1 席');
  school.date = '2026-02-01';
  await school.at('12:00');
  const later = await school.lesson({ free: 1 });
  await phone.go(confirmPage(later));
  await phone.tap('提交预约');
  await phone.sees('预约成功');
});

stage.test('who logs out is out, also after a reload', async () => {
  const phone = await stage.phone('F', '/pages/me/index');
  await phone.tap('退出登录');
  await phone.answer('退出');
  await phone.isAt('pages/login/index');
  await phone.page.reload();
  await phone.isAt('pages/login/index');
  await phone.tap('林小雨');
  await phone.sees('欢迎');
});
