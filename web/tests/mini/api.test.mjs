import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../../unit/render.mjs';
import { app, fakeServer, LOGIN, refusal, settle, silence } from './server.mjs';

const NOW = '2025-11-12T12:30:00.000+08:00';

/** The api of somebody who is logged in. */
async function loggedIn(routes, login = LOGIN) {
  const server = fakeServer(routes);
  const loaded = load(await app(), 'utils/api', { wx: server.wx, now: NOW });
  loaded.mp.wx.setStorageSync('login', login);
  const session = loaded.mp.modules.load('utils/session');
  await session.start();
  return { ...loaded, api: loaded.exports, session, server };
}

const byToken = (good) => ({ header }) => (header.authorization === `Bearer ${good}` ? { ok: true } : refusal(401, 'token_expired'));

test('an expired token is renewed once for all who ask at the same time', async () => {
  const { api, server, session, close } = await loggedIn({
    'GET /a': byToken('t2'), 'GET /b': byToken('t2'),
    'POST /token/refresh': ({ data }) => (data.refresh_token === 'r1' ? { token: 't2', refresh_token: 'r2' } : refusal(401, 'unauthorized')),
  });
  const answers = await Promise.all([api.get('/a'), api.get('/b'), api.get('/a')]);
  assert.deepEqual(answers.map((answer) => answer.ok), [true, true, true]);
  assert.equal(server.requests.filter(({ path }) => path === '/token/refresh').length, 1);
  assert.deepEqual([session.get().login.token, session.get().login.refresh], ['t2', 'r2']);
  close();
});

test('who was chosen in the demo is whose phone it is, until somebody logs in otherwise', async () => {
  const answer = { token: 't9', refresh_token: 'r9', user: { id: 'u9', nickname: '林小雨', roles: ['student'] }, students: [] };
  const { mp, session, close } = await loggedIn({ 'POST /login': () => answer });
  await session.logIn({ code: 'dev:student:林小雨' }, { code: 'dev:student:林小雨' });
  assert.deepEqual({ ...mp.wx.getStorageSync('demo-person') }, { role: 'student', name: '林小雨' });
  await session.logIn({ username: 'qin', password: 'correct horse' });
  assert.equal(mp.wx.getStorageSync('demo-person'), '');
  close();
});

test('a server that cannot be reached logs nobody out', async () => {
  const { api, session, close } = await loggedIn({ 'GET /a': byToken('t2'), 'POST /token/refresh': () => silence('request:fail ') });
  await assert.rejects(api.get('/a'), { status: 0, reason: 'unreachable' });
  assert.equal(session.get().phase, 'in');
  close();
});

test('a refresh that is over asks for a login, and says that the old one expired', async () => {
  const { api, session, close } = await loggedIn({ 'GET /a': byToken('t2'), 'POST /token/refresh': () => refusal(401, 'unauthorized') });
  await assert.rejects(api.get('/a'), { status: 401, reason: 'login_expired' });
  assert.deepEqual([session.get().phase, session.get().expired], ['out', true]);
  close();
});

test('somebody of the demo is logged in again without a word', async () => {
  const { api, session, close } = await loggedIn({
    'GET /a': byToken('t3'),
    'POST /token/refresh': () => refusal(401, 'unauthorized'),
    'POST /login': ({ data }) => ({ token: 't3', refresh_token: 'r3', user: { ...LOGIN.user, nickname: data.code }, students: LOGIN.students }),
  }, { ...LOGIN, again: { code: 'dev:student:林小雨' } });
  assert.equal((await api.get('/a')).ok, true);
  assert.equal(session.get().login.user.nickname, 'dev:student:林小雨');
  close();
});

/** A token that is being renewed: the answer comes when the test says so. */
async function renewing(routes = {}, login = LOGIN) {
  let answer;
  const held = await loggedIn({
    'GET /a': byToken('t2'), 'POST /logout': () => ({}),
    'POST /token/refresh': () => new Promise((resolve) => { answer = resolve; }),
    'POST /login': () => ({ token: 'b1', refresh_token: 'rb', user: { ...LOGIN.user, id: 'u2' }, students: [] }),
    ...routes,
  }, login);
  const asked = held.api.get('/a').then(() => 'answered', (error) => error.reason);
  await settle();
  return { ...held, asked, answer: (told) => answer(told) };
}

test('who leaves while the login is renewed stays away', async () => {
  for (const told of [{ token: 't2', refresh_token: 'r2' }, refusal(401, 'unauthorized')]) {
    const { session, answer, asked, mp, close } = await renewing({}, { ...LOGIN, again: { code: 'dev:student:林小雨' } });
    session.logOut();
    answer(told);
    assert.equal(await asked, 'unauthorized');
    assert.equal(session.get().phase, 'out');
    assert.ok(!mp.wx.getStorageSync('login'));
    close();
  }
});

test('who logs in while another’s login is renewed stays in', async () => {
  for (const told of [{ token: 't2', refresh_token: 'r2' }, refusal(401, 'unauthorized')]) {
    const { session, server, answer, asked, close } = await renewing();
    session.logOut();
    await session.logIn({ code: 'dev:teacher:林老师' });
    answer(told);
    assert.equal(await asked, 'unauthorized');
    assert.deepEqual([session.get().phase, session.get().login.user.id], ['in', 'u2']);
    assert.ok(!server.requests.some(({ path, header }) => path === '/a' && header.authorization === 'Bearer b1'), 'nothing is asked in another’s name');
    close();
  }
});

test('the student that was chosen while the login was renewed stays chosen', async () => {
  const { session, answer, asked, close } = await renewing();
  session.chooseStudent('s2');
  answer({ token: 't2', refresh_token: 'r2' });
  assert.equal(await asked, 'answered');
  assert.equal(session.student().id, 's2');
  close();
});

test('another window’s login is gone on with when it is the same person’s, and else left alone', async () => {
  const { api, session, mp, close } = await loggedIn({ 'GET /a': byToken('t2') });
  mp.wx.setStorageSync('login', { ...LOGIN, token: 't2' });
  assert.equal((await api.get('/a')).ok, true);
  assert.equal(session.get().login.token, 't2');
  close();

  const other = { ...LOGIN, token: 'b1', user: { ...LOGIN.user, id: 'u2' } };
  const away = await loggedIn({ 'GET /a': byToken('b1') });
  away.mp.wx.setStorageSync('login', other);
  await assert.rejects(away.api.get('/a'), { reason: 'login_expired' });
  assert.deepEqual([away.session.get().phase, away.mp.wx.getStorageSync('login').user.id], ['out', 'u2']);
  away.close();
});

test('where WeChat cannot be reached to log in again, nobody is logged out', async () => {
  const { api, session, mp, close } = await loggedIn({ 'GET /a': byToken('t2'), 'POST /token/refresh': () => refusal(401, 'unauthorized') }, { ...LOGIN, again: { weChat: true } });
  mp.wx.login = ({ fail }) => fail({ errMsg: 'login:fail' });
  await assert.rejects(api.get('/a'), { status: 0, reason: 'unreachable' });
  assert.equal(session.get().phase, 'in');
  close();
});

test('one tap is one key: kept while the outcome is unknown, new after an answer', async () => {
  let answers = [];
  const { api, server, clock, close } = await loggedIn({ 'POST /bookings': () => answers.shift() });
  const keys = () => server.requests.filter(({ path }) => path === '/bookings').map(({ header }) => header['idempotency-key']);
  const tap = async () => {
    const done = api.act('POST', '/bookings', { schedule_id: 'c1' }).then((value) => value, (error) => error);
    for (let i = 0; i < 4; i += 1) { await settle(); clock.tick(3000); }
    return done;
  };

  answers = [silence(), refusal(503, 'outcome_unknown'), { id: 'b1' }];
  assert.equal((await tap()).id, 'b1');
  assert.equal(new Set(keys()).size, 1);

  answers = [silence(), silence(), silence(), { id: 'b2' }];
  assert.equal((await tap()).isUnknown, true);
  assert.equal((await tap()).id, 'b2');
  assert.equal(new Set(keys().slice(3)).size, 1, 'the next tap for the same goes on with its key');

  answers = [refusal(409, 'schedule_full', '时段已被预约'), { id: 'b3' }];
  assert.equal((await tap()).reason, 'schedule_full');
  await tap();
  const [refused, next] = keys().slice(-2);
  assert.notEqual(refused, next);
  close();
});

test('who has done the opposite in between, and taps for the same again, means it anew', async () => {
  const silent = () => silence();
  const { api, server, clock, close } = await loggedIn({ 'POST /waitlist/join': silent, 'POST /students': silent, 'DELETE /waitlist/w1': () => ({}), 'PUT /messages/m1/read': () => ({}) });
  const tap = async (...what) => {
    const done = api.act(...what).then((value) => value, (error) => error);
    for (let i = 0; i < 4; i += 1) { await settle(); clock.tick(3000); }
    return done;
  };
  const keys = (path) => new Set(server.requests.filter((request) => request.path === path).map(({ header }) => header['idempotency-key'])).size;
  const join = () => tap('POST', '/waitlist/join', { course_schedule_id: 'c1' });
  const add = () => tap('POST', '/students', { nickname: '小宝' });
  await join();
  await add();
  await tap('PUT', '/messages/m1/read', {});
  await join();
  assert.equal(keys('/waitlist/join'), 1, 'a message that was read is no answer to it');
  await tap('DELETE', '/waitlist/w1');
  await join();
  await add();
  assert.equal(keys('/waitlist/join'), 2);
  assert.equal(keys('/students'), 1, 'nobody is added twice');
  close();
});

test('what is under way keeps its key, whatever else is answered meanwhile', async () => {
  const { api, server, clock, close } = await loggedIn({ 'POST /pay': () => silence(), 'PUT /bookings/b1': () => ({}) });
  const pay = async (meanwhile) => {
    const done = api.act('POST', '/pay', { booking_id: 'b1' }).catch((error) => error);
    await meanwhile();
    for (let i = 0; i < 4; i += 1) { await settle(); clock.tick(3000); }
    return done;
  };
  await pay(() => api.act('PUT', '/bookings/b1', { student_note: 'x' }));
  await pay(async () => {});
  assert.equal(new Set(server.requests.filter(({ path }) => path === '/pay').map(({ header }) => header['idempotency-key'])).size, 1);
  close();
});

test('a login that expires in the midst keeps the key of the tap', async () => {
  const { api, server, session, close } = await loggedIn({ 'POST /bookings': byToken('t9'), 'POST /token/refresh': () => refusal(401, 'unauthorized') });
  await assert.rejects(api.act('POST', '/bookings', { schedule_id: 'c1' }), { reason: 'login_expired' });
  server.table['POST /login'] = () => ({ token: 't9', refresh_token: 'r9', user: LOGIN.user, students: LOGIN.students });
  await session.logIn({ code: 'dev:student:林小雨' });
  await api.act('POST', '/bookings', { schedule_id: 'c1' });
  const keys = server.requests.filter(({ path }) => path === '/bookings').map(({ header }) => header['idempotency-key']);
  assert.equal(new Set(keys).size, 1);
  close();
});

test('a 400 names its field', async () => {
  const { api, close } = await loggedIn({ 'PUT /users/profile': () => refusal(400, 'invalid_request', '参数 nickname 无效：不能为空') });
  await assert.rejects(api.act('PUT', '/users/profile', { nickname: '' }), { field: 'nickname', message: '不能为空' });
  close();
});
