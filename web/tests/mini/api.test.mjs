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
