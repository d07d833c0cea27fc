import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { render } from '../../unit/render.mjs';
import { done, NOW, open } from './program.mjs';
import { ABOUT, app, LOGIN, OFFER, refusal, schedule, settle, silence } from './server.mjs';

const PROFILE = { nickname: '林小雨', signature: '', phone: null, username: 'amy', created_at: NOW, students: LOGIN.students };
const FREE = { seats_taken: 4, seats_left: 2, availability: 'available' };
const BOOKING = {
  id: 'b1', booking_no: 'BK20251112-000001', schedule_id: 'c1', student_id: 's1', status: 'confirmed', payment_status: 'not_required',
  price_fen: 0, final_price_fen: 0, nickname: '艾米', course_id: 'k1', teacher_name: null, location: '', course_name: '书法入门', starts_at: '2025-11-12T19:00:00.000+08:00', ends_at: '2025-11-12T21:00:00.000+08:00',
};

test('a login that expires while one types: the login page comes back, and what was typed is there', async () => {
  let good = 't1';
  const guarded = (answer) => ({ header }) => (header.authorization === `Bearer ${good}` ? answer : refusal(401, 'token_expired'));
  const view = await open('/pages/me/profile', {
    'GET /users/profile': guarded(PROFILE),
    'PUT /users/profile': ({ header, data }) => (header.authorization === `Bearer ${good}` ? { ...PROFILE, nickname: data.nickname } : refusal(401, 'token_expired')),
    'POST /token/refresh': () => refusal(401, 'unauthorized'),
    'POST /login': () => ({ token: 't2', refresh_token: 'r2', user: LOGIN.user, students: LOGIN.students }),
  });
  view.type('input', '小雨');
  good = 't2';
  await view.go('保存');
  assert.equal(view.route(), 'pages/login/index');
  assert.match(view.shown(), /登录已过期，请重新登录。刚才填写的内容都还在。/);
  await view.go('林小雨');
  assert.equal(view.route(), 'pages/me/profile');
  assert.equal(view.find('input').value, '小雨');
  await view.go('保存');
  assert.equal(view.kept.login.user.nickname, '小雨');
  done(view);
});

test('a page that cannot load says so, and loads when it is asked again', async () => {
  let up = false;
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => (up ? schedule(FREE) : silence('request:fail ')) });
  assert.match(view.shown(), /连不上服务器，请检查网络后重试/);
  up = true;
  await view.go('重试');
  assert.match(view.shown(), /剩 2 席/);
  done(view);
});

test('what was there stays when it cannot be refreshed, and is said to be old', async () => {
  let up = true;
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => (up ? schedule(FREE) : silence('request:fail ')) });
  up = false;
  await view.page().retry();
  assert.match(view.shown(), /刷新失败，下面可能不是最新情况。.*剩 2 席/);
  done(view);
});

test('nothing is shown by the phone’s calendar: the day is the server’s', async () => {
  const view = await open('/pages/calendar/index', {
    'GET /slots/month': ({ query }) => ({ month: query.slice(6, 13), days: [] }), 'GET /slots': () => ({ items: [], total: 0 }),
  }, { now: '2031-01-01T00:00:00.000+08:00' });
  assert.match(view.shown(), /2025年11月/);
  assert.ok(view.server.requests.find(({ path, query }) => path === '/slots' && query.includes('date=2025-11-12')));
  done(view);
});

test('the answer that comes after a newer frame does not take its place', async () => {
  let answer;
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule({ ...FREE, version: 10 }) });
  const [line] = view.server.sockets;
  line.open();
  line.tell({ type: 'ready', server_time: NOW });
  view.server.table['GET /slots/c1'] = () => new Promise((resolve) => { answer = resolve; });
  view.page().refresh();
  await settle();
  line.tell({ type: 'snapshot', topic: 'schedule:c1', epoch: 1, version: 12, server_time: NOW, data: schedule({ version: 12 }) });
  assert.match(view.shown(), /已满员/);
  answer(schedule({ ...FREE, version: 11 }));
  await settle();
  assert.match(view.shown(), /已满员/);
  done(view);
});

test('the bar says that the connection is lost, and everything is loaded anew when it is back', async () => {
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule(FREE) });
  const greet = () => {
    view.server.sockets.at(-1).open();
    view.server.sockets.at(-1).tell({ type: 'ready', server_time: NOW });
  };
  greet();
  assert.doesNotMatch(view.shown(), /连接已断开/);
  view.server.sockets.at(-1).drop();
  assert.match(view.shown(), /连接已断开，正在重连…/);
  const loads = () => view.server.requests.filter(({ path }) => path === '/slots/c1').length;
  const before = loads();
  view.clock.tick(20_000);
  await settle();
  greet();
  await settle();
  assert.doesNotMatch(view.shown(), /连接已断开/);
  assert.equal(loads(), before + 1);
  done(view);
});

test('a class that the socket may not tell of is said to be old, and asked for again with the next load', async () => {
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule(FREE) });
  const [line] = view.server.sockets;
  const subscribed = () => line.sent.filter(({ type, topic }) => type === 'subscribe' && topic === 'schedule:c1').length;
  line.open();
  line.tell({ type: 'ready', server_time: NOW });
  await settle();
  assert.equal(subscribed(), 1);
  line.tell({ type: 'error', reason: 'too_many_topics', topic: 'schedule:c1' });
  assert.match(view.shown(), /下面可能不是最新情况。同时关注的课程太多/);
  await view.go('重试');
  assert.equal(subscribed(), 2);
  assert.doesNotMatch(view.shown(), /不是最新情况/);
  line.tell({ type: 'snapshot', topic: 'schedule:c1', epoch: 1, version: 12, server_time: NOW, data: schedule({ version: 12 }) });
  assert.match(view.shown(), /已满员/);
  done(view);
});

test('booking: the seat is held, a double tap books once, the hold is used, and nothing is given back', async () => {
  const view = await open('/pages/booking/confirm?id=c1', {
    'GET /slots/c1': () => schedule(FREE),
    'POST /schedules/c1/hold': () => ({ hold_id: 'h1', expires_at: '2025-11-12T12:35:00.000+08:00' }),
    'POST /bookings': () => BOOKING,
    'GET /bookings/b1': () => BOOKING,
  });
  assert.match(view.shown(), /已为您占位，请在05:00内提交/);
  view.type('textarea', '第一次来');
  view.tap('.button--main');
  await view.go('正在提交…');
  const booked = view.server.requests.filter(({ method, path }) => method === 'POST' && path === '/bookings');
  assert.deepEqual(booked.map(({ data }) => data), [{ schedule_id: 'c1', profile_id: 's1', hold_id: 'h1', note: '第一次来' }]);
  assert.equal(view.route(), 'pages/booking/detail');
  assert.match(view.shown(), /预约成功.*BK20251112-000001/);
  assert.equal(view.server.requests.some(({ method }) => method === 'DELETE'), false);
  done(view);
});

test('what a class costs, and where it is, stands there before it is booked', async () => {
  const { location: _, teacher_name: __, final_price_fen: ___, ...live } = schedule(FREE);
  const view = await open('/pages/schedules/detail?id=c1', {
    'GET /slots/c1': () => ({ ...live, teacher_name: '林老师', location: '松风教室', final_price_fen: 18000 }),
  });
  assert.match(view.shown(), /林老师 · 松风教室¥180/);
  // The frames of a live class do not tell of it.
  const [line] = view.server.sockets;
  line.open();
  line.tell({ type: 'ready', server_time: NOW });
  line.tell({ type: 'snapshot', topic: 'schedule:c1', epoch: 1, version: 99, server_time: NOW, data: { ...live, version: 99 } });
  assert.match(view.shown(), /林老师 · 松风教室¥180/);
  done(view);
});

test('booking: who goes away gives the seat back', async () => {
  const view = await open('/pages/schedules/detail?id=c1', {
    'GET /slots/c1': () => schedule(FREE), 'DELETE /schedules/c1/hold': () => ({ released: true }),
    'POST /schedules/c1/hold': () => ({ hold_id: 'h1', expires_at: '2025-11-12T12:35:00.000+08:00' }),
  });
  await view.go('立即预约');
  assert.equal(view.route(), 'pages/booking/confirm');
  view.mp.wx.navigateBack();
  await settle();
  assert.deepEqual(view.server.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path), ['/schedules/c1/hold']);
  done(view);
});

test('booking: the class is called off while one writes, and what was typed was never lost on the way', async () => {
  const view = await open('/pages/booking/confirm?id=c1', {
    'GET /slots/c1': () => schedule(FREE),
    'POST /schedules/c1/hold': () => ({ hold_id: 'h1', expires_at: '2025-11-12T12:35:00.000+08:00' }),
    'POST /bookings': () => refusal(400, 'invalid_request', '参数 note 无效：最多2000个字'),
  });
  view.type('textarea', '很长的备注');
  await view.go('提交预约');
  assert.match(view.shown(), /最多2000个字/);
  assert.equal(view.find('textarea').value, '很长的备注');
  view.server.sockets[0].open();
  view.server.sockets[0].tell({ type: 'ready', server_time: NOW });
  view.server.sockets[0].tell({ type: 'snapshot', topic: 'schedule:c1', epoch: 1, version: 11, server_time: NOW, data: schedule({ availability: 'revoked', version: 11 }) });
  assert.match(view.shown(), /课程已取消/);
  done(view);
});

test('a WeChat message leads straight to the offer, or says what became of it', async () => {
  const entry = { id: 'w1', waitlist_id: 'w1', course_name: '书法入门', starts_at: BOOKING.starts_at, student_id: 's1', schedule_id: 'c1', position: 2, status: 'notified' };
  const place = { id: 'w1', position: 2, status: 'notified', joined_at: NOW };
  const view = await open('/pages/notifications/waitlist?id=w1', {
    'GET /waitlist/w1': () => entry,
    'GET /slots/c1': () => schedule({ seats_taken: 5, seats_offered: 1, mine: { waitlist_entry: place, offer: OFFER } }),
    'POST /waitlist/w1/begin': () => ({ offer_id: 'o1', begun_at: NOW, confirm_by: OFFER.deadline }),
  });
  assert.match(view.shown(), /有名额，立即预约书法入门今天 19:00/);
  await view.go('立即预约');
  assert.match(view.shown(), /确认预约？15:00/);
  done(view);

  const late = await open('/pages/notifications/waitlist?id=w1', {
    'GET /waitlist/w1': () => ({ ...entry, status: 'waiting', position: 1 }),
    'GET /slots/c1': () => schedule({ mine: { waitlist_entry: { ...place, position: 1, status: 'waiting' } } }),
    'GET /waitlist/w1/notifications': () => ({ items: [{ offer_id: 'o1', status: 'lost' }], total: 1 }),
  });
  assert.match(late.shown(), /名额已被抢占.*您是第1位候补/);
  done(late);
});

test('a form says what is missing before the server is asked', async () => {
  const view = await open('/pages/login/index', {}, { login: null });
  await view.go('密码登录');
  await view.go('登录');
  assert.match(view.shown(), /请先阅读并勾选同意.*请填写手机号或账号.*请填写密码/);
  view.tap('wx-checkbox');
  assert.doesNotMatch(view.shown(), /请先阅读/);
  assert.equal(view.server.requests.some(({ path }) => path === '/login'), false);
  view.server.table['POST /login'] = () => refusal(401, 'account_locked', '登录失败次数过多，请15分钟后再试');
  view.type(view.findAll('input').at(-2), 'amy');
  view.type(view.findAll('input').at(-1), 'secret');
  await view.go('登录');
  assert.match(view.shown(), /登录失败次数过多，请15分钟后再试/);
  assert.deepEqual(view.findAll('input').slice(-2).map(({ value }) => value), ['amy', 'secret']);
  done(view);
});

const WHO = { token: 't2', refresh_token: 'r2', user: LOGIN.user, students: LOGIN.students };
/** A device that is WeChat's, where somebody can say by themself who it is. */
const WECHAT = {
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx1', envVersion: 'release', version: '1' } }),
  login: ({ success }) => success({ code: 'from-wechat' }),
};
const production = { 'GET /about': () => ({ ...ABOUT, mode: 'production' }), 'POST /login': () => WHO, 'GET /slots': () => ({ items: [], total: 0 }), 'GET /bookings/mine/upcoming': () => ({ items: [], total: 0 }) };
const loginsOf = (view) => view.server.requests.filter(({ path }) => path === '/login').length;

test('nobody is logged in through WeChat before they have agreed, and it is not ticked for them', async () => {
  const view = await open('/pages/home/index', production, { login: null, wx: WECHAT });
  assert.equal(view.route(), 'pages/login/index');
  assert.equal(loginsOf(view), 0, 'not by itself');
  assert.equal(view.find('wx-checkbox').getAttribute('aria-checked'), 'false');
  await view.go('微信登录');
  assert.match(view.shown(), /请先阅读并勾选同意/);
  assert.equal(loginsOf(view), 0);
  view.tap('wx-checkbox');
  await view.go('微信登录');
  assert.equal(loginsOf(view), 1);
  assert.equal(view.route(), 'pages/home/index');
  done(view);
});

test('who has agreed before is logged in through WeChat by itself; to another wording they agree anew', async () => {
  for (const [edition, logins] of [['1', 1], ['0', 0]]) {
    const view = await open('/pages/home/index', production, { login: null, wx: { ...WECHAT, getStorageSync: (key) => (key === 'agreed' ? edition : '') } });
    assert.equal(loginsOf(view), logins, edition);
    done(view);
  }
});

test('no code is sent to a number before its owner has agreed', async () => {
  const view = await open('/pages/login/index', { 'POST /sms/send': () => ({ resend_in: 60 }) }, { login: null });
  await view.go('手机验证码');
  view.type(view.findAll('input').at(-2), '13800000000');
  await view.go('获取验证码');
  assert.match(view.shown(), /请先阅读并勾选同意/);
  assert.equal(view.server.requests.some(({ path }) => path === '/sms/send'), false);
  view.tap('wx-checkbox');
  await view.go('获取验证码');
  assert.equal(view.server.requests.some(({ path }) => path === '/sms/send'), true);
  done(view);
});

test('one can stay out: both texts are read, and the way back to the login is there', async () => {
  const view = await open('/pages/home/index', { 'POST /login': () => WHO, 'GET /slots': () => ({ items: [], total: 0 }), 'GET /bookings/mine/upcoming': () => ({ items: [], total: 0 }) }, { login: null });
  assert.equal(view.route(), 'pages/login/index');
  view.tap('[data-url="/pages/about/privacy"]');
  await settle();
  assert.match(view.shown(), /openid.*注销账号/);
  view.mp.wx.navigateBack();
  await settle();
  await view.go('暂不登录，先看看');
  assert.equal(view.route(), 'pages/about/index');
  assert.match(view.shown(), /不登录能看什么/);
  view.tap(view.findAll('[data-url="/pages/about/terms"]').at(-1));
  await settle();
  assert.match(view.shown(), /先确认者得/);
  view.mp.wx.navigateBack();
  await settle();
  await view.go('去登录');
  assert.equal(view.route(), 'pages/login/index');
  await view.go('林小雨');
  assert.equal(view.route(), 'pages/home/index');
  done(view);
});

test('whose login has expired and who stays out for a while finds what they typed', async () => {
  const view = await open('/pages/me/profile', { 'GET /users/profile': () => PROFILE, 'POST /login': () => WHO });
  view.type('input', '小雨');
  view.mp.modules.load('utils/session').logOut();
  await settle();
  await view.go('暂不登录，先看看');
  await view.go('去登录');
  await view.go('林小雨');
  assert.equal(view.route(), 'pages/me/profile');
  assert.equal(view.find('input').value, '小雨');
  done(view);
});

test('who wants their account closed is told whom to ask', async () => {
  const view = await open('/pages/me/index', {});
  const asked = [];
  view.mp.wx.showModal = (options) => { asked.push(options.content); return Promise.resolve({ confirm: true }); };
  view.tap(view.findAll('.rows__row').find((row) => row.textContent.includes('注销账号')));
  assert.match(asked[0], /还不能自助注销。请联系您上课的学校/);
  done(view);
});

test('another student’s part is asked for, by request and by socket', async () => {
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule(FREE) });
  view.server.sockets[0].open();
  view.server.sockets[0].tell({ type: 'ready', server_time: NOW });
  view.tap('[data-id="s2"]');
  await settle();
  assert.ok(view.server.requests.some(({ path, query }) => path === '/slots/c1' && query === 'student_id=s2'));
  assert.deepEqual(view.server.sockets[0].sent.filter(({ topic }) => topic === 'schedule:c1').at(-1), { type: 'subscribe', topic: 'schedule:c1', student_id: 's2' });
  done(view);
});

test('a server of the demo whose clock stands is asked every second', async () => {
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /about': () => ({ ...ABOUT, clock: 'manual' }), 'GET /slots/c1': () => schedule(FREE) });
  view.server.sockets[0].open();
  view.server.sockets[0].tell({ type: 'ready', server_time: NOW });
  view.clock.tick(5000);
  assert.equal(view.server.sockets[0].sent.filter(({ type }) => type === 'ping').length, 5);
  done(view);
});

test('in the background the socket rests; coming back, it connects and everything is asked for anew', async () => {
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule(FREE) });
  view.server.sockets[0].open();
  view.server.sockets[0].tell({ type: 'ready', server_time: NOW });
  const turn = (hidden) => {
    Object.defineProperty(view.window.document, 'hidden', { value: hidden, configurable: true });
    Object.defineProperty(view.window.document, 'visibilityState', { value: hidden ? 'hidden' : 'visible', configurable: true });
    view.window.document.dispatchEvent(new view.window.Event('visibilitychange'));
  };
  turn(true);
  view.clock.tick(6000);
  assert.equal(view.server.sockets[0].closed, true);
  view.server.table['GET /slots/c1'] = () => schedule({ version: 30 });
  turn(false);
  await settle(20);
  assert.equal(view.server.sockets.length, 2);
  assert.match(view.shown(), /已满员/);
  view.server.sockets[1].open();
  view.server.sockets[1].tell({ type: 'ready', server_time: NOW });
  await settle();
  assert.deepEqual(view.server.sockets[1].sent.map(({ type, topic }) => topic ?? type).sort(), ['auth', 'me', 'schedule:c1']);
  done(view);
});

test('another time for a booking is found behind a hundred classes that are full', async () => {
  const full = Array.from({ length: 100 }, (_, i) => schedule({ id: `f${i}` }));
  const free = schedule({ ...FREE, id: 'c2', starts_at: '2025-11-14T10:00:00.000+08:00', ends_at: '2025-11-14T11:00:00.000+08:00' });
  const view = await open('/pages/booking/detail?id=b1', {
    'GET /bookings/b1': () => BOOKING, 'GET /slots/c1': () => schedule(),
    'GET /courses/k1/slots': ({ query }) => ({ items: /[?&]page=2(&|$)/.test(`?${query}`) ? [free] : full, total: 101 }),
  });
  await view.go('改到其他时间');
  assert.match(view.shown(), /10:00–11:00/);
  done(view);
});

test('the login page asks again what kind of server this is: at a tap, and when it is shown', async () => {
  let up = false;
  const view = await open('/pages/login/index', { 'GET /about': () => (up ? ABOUT : silence('request:fail ')) }, { login: null });
  assert.match(view.shown(), /连不上服务器/);
  assert.doesNotMatch(view.shown(), /演示/);
  await view.go('重试');
  assert.match(view.shown(), /连不上服务器/);
  up = true;
  await view.go('重试');
  assert.match(view.shown(), /演示：选一位/);
  assert.doesNotMatch(view.shown(), /连不上服务器|重试/);
  done(view);

  up = false;
  const later = await open('/pages/login/index', { 'GET /about': () => (up ? ABOUT : silence('request:fail ')) }, { login: null });
  up = true;
  later.page().onShow();
  await settle();
  assert.match(later.shown(), /演示：选一位/);
  done(later);
});

test('an id of a link stays an id: it leads to no other route', async () => {
  const pages = [
    'schedules/detail?id', 'booking/confirm?id', 'booking/detail?id', 'booking/choose?course', 'courses/detail?id', 'waitlist/detail?id',
    'waitlist/status?id', 'notifications/waitlist?id',
  ].map((page) => `/pages/${page}`).concat('/teacher/pages/roster?id');
  for (const id of ['../users/profile', '..', 'c1?student_id=s2']) {
    for (const page of pages) {
      const view = await open(`${page}=${id}`, {});
      const asked = view.server.requests.filter(({ path }) => !/^\/(about|users\/subscribe|messages|ws\/ticket)$/.test(path));
      assert.ok(asked.length > 0, page);
      for (const { path, query } of asked) {
        assert.match(path, /^\/(schedules|slots|bookings|courses|waitlist)\/[\w%-]+(\/[a-z]+)?$/, `${page} ${id}`);
        assert.doesNotMatch(query, /s2/, `${page} ${id}`);
      }
      view.close();
    }
  }
});

/** Whether every row of a list in a template can be told from the others by its key. */
async function isKeyed(file, list, rows) {
  const text = await readFile(new URL(`../../../miniprogram/${file}.wxml`, import.meta.url), 'utf8');
  const [, key] = new RegExp(`wx:for="\\{\\{${list}\\}\\}" wx:key="(\\w+)"`).exec(text);
  const keys = rows.map((row) => row[key]);
  assert.deepEqual([keys.includes(undefined), new Set(keys).size], [false, rows.length], `${file}: ${key}`);
}

test('two seats that are offered at one instant are two rows, each with a key of its own', async () => {
  const round = { stage: 'race', deadline: OFFER.deadline };
  const offered = schedule({ seats_taken: 4, seats_offered: 2, rounds: [round, round] });
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => offered });
  assert.equal(view.shown().match(/候补抢占中/g).length, 2);
  assert.equal(view.findAll('.meter__seat--offered').length, 2);
  await isKeyed('pages/schedules/detail', 'rounds', view.page().data.rounds);
  done(view);

  const meter = render(await app(), '<seat-meter schedule="{{s}}" />', { components: { 'seat-meter': 'components/seat-meter/seat-meter' }, data: { s: offered }, now: NOW });
  await isKeyed('components/seat-meter/seat-meter', 'seats', meter.component('seat-meter').data.seats);
  meter.close();
});
