// Requests and logins: what is sent again, under which key, and who is asked to log in.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import FakeTimers from '@sinonjs/fake-timers';

import { api, asQuery, everyPage } from '../../../console/lib/api.ts';
import { allTeachers } from '../../../console/lib/catalog.ts';
import { ApiError } from '../../../console/lib/errors.ts';
import { demoCode, expired, isStaff, session, user } from '../../../console/lib/session.ts';
import { isUnfinished, Making, making, ownMaking } from '../../../console/views/schedule/making.ts';

interface Asked {
  method: string;
  path: string;
  token: string | undefined;
  key: string | undefined;
  body: unknown;
}

let asked: Asked[] = [];
/** What the server says to the next requests, in order; a function sees the request. */
let answers: ((request: Asked) => Response | Promise<Response>)[] = [];

const says =
  (status: number, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ code: status, message: '', data: null, ...body }), { status, headers });
const ok = (data: unknown) => says(200, { data });
const lost = () => Promise.reject(new TypeError('Failed to fetch'));

globalThis.fetch = (async (
  address: string,
  { method, headers, body }: { method: string; headers: Record<string, string>; body?: string },
) => {
  const request = {
    method,
    path: address.replace('/api/v1', ''),
    token: headers['Authorization']?.slice(7),
    key: headers['Idempotency-Key'],
    body: body && JSON.parse(body),
  };
  asked.push(request);
  const answer = answers.shift();
  assert.ok(answer, `nobody expected ${method} ${address}`);
  return answer(request);
}) as unknown as typeof fetch;

const login = (name: string, token: string, roles = ['operator']) =>
  ok({ token, refresh_token: `r-${token}`, expires_in: 60, user: { id: `id-${name}`, nickname: name, roles } });

beforeEach(async () => {
  answers = [login('mo', 't1')];
  await session.logIn({ code: 'dev:operator:mo' });
  asked = [];
});

test('who logs in is known, and what they may do', () => {
  assert.equal(user.value?.nickname, 'mo');
  assert.equal(isStaff.value, true);
});

test('a lost answer is asked for again under the same key, and a refusal is not', async () => {
  const timers = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    answers = [lost, says(503, { reason: 'overloaded' }), ok({ id: 'b1' })];
    const booking = api.post<{ id: string }>('/bookings', { schedule_id: 's' });
    await timers.runAllAsync();
    assert.equal((await booking).id, 'b1');
    assert.equal(asked.length, 3);
    assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
    assert.ok(asked[0]?.key);

    asked = [];
    answers = [says(409, { reason: 'schedule_full', message: '时段已被预约' })];
    await assert.rejects(api.post('/bookings', {}), (error: ApiError) => error.reason === 'schedule_full' && error.text === '时段已被预约');
    assert.equal(asked.length, 1);
  } finally {
    timers.uninstall();
  }
});

test('reading carries no key', async () => {
  answers = [ok({})];
  await api.get('/slots', { date: '2025-11-12', empty: '', missing: undefined });
  assert.deepEqual([asked[0]?.path, asked[0]?.key], ['/slots?date=2025-11-12', undefined]);
  assert.equal(asQuery(), '');
});

test('a token that ran out is renewed once for all who ask at the same time', async () => {
  const late = says(401, { reason: 'token_expired' });
  answers = [late, late, login('mo', 't2'), ok(1), ok(2)];
  assert.deepEqual((await Promise.all([api.get('/a'), api.get('/b')])).sort(), [1, 2]);
  const paths = asked.map(({ path }) => path);
  assert.equal(paths.filter((path) => path === '/token/refresh').length, 1);
  assert.deepEqual(asked[2]?.body, { refresh_token: 'r-t1' });
  assert.ok(asked.slice(3).every(({ token }) => token === 't2'));
});

test('a session that is over asks for the login, and then does what was asked, under the same key', async () => {
  answers = [says(401, { reason: 'unauthorized' }), says(401, { reason: 'unauthorized' })];
  const saved = api.post('/courses', { name: '篆刻' });
  while (!expired.value) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(user.value?.nickname, 'mo', 'the page stays as it is');
  answers = [login('mo', 't3'), ok({ id: 'c1' })];
  await session.logIn({ username: 'mo', password: 'x' });
  assert.deepEqual(await saved, { id: 'c1' });
  assert.equal(expired.value, false);
  const [first, , , last] = asked;
  assert.equal(last?.token, 't3');
  assert.equal(last?.key, first?.key);
});

test('what one person asked for is never sent in the name of another', async () => {
  let reloads = 0;
  Object.assign(globalThis, { location: { reload: () => (reloads += 1) } });
  answers = [says(401, { reason: 'unauthorized' }), says(401, { reason: 'unauthorized' })];
  const refused = assert.rejects(api.post('/schedules/s/revoke'), (error: ApiError) => error.status === 401);
  while (!expired.value) await new Promise((resolve) => setTimeout(resolve));
  answers = [login('ann', 't9')];
  await session.logIn({ username: 'ann', password: 'x' });
  await refused;
  assert.deepEqual([user.value?.nickname, expired.value, reloads], ['ann', false, 1]);
  assert.ok(asked.every(({ path, token }) => path !== '/schedules/s/revoke' || token === 't1'));
});

test('an answer that was cut off is asked for again under the same key', async () => {
  const timers = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    answers = [() => new Response('{"code":200,"da', { status: 200 }), ok({ id: 'b1' })];
    const booking = api.post<{ id: string }>('/bookings', { schedule_id: 's' });
    await timers.runAllAsync();
    assert.equal((await booking).id, 'b1');
    assert.equal(asked[0]?.key, asked[1]?.key);
  } finally {
    timers.uninstall();
  }
});

test('a server that is away ends no session', async () => {
  answers = [says(401, { reason: 'token_expired' }), lost];
  await assert.rejects(api.get('/a'), (error: ApiError) => error.unreachable);
  assert.equal(expired.value, false);
  assert.equal(session.token(), 't1');
});

test('who leaves instead has what they asked for refused', async () => {
  answers = [says(401, { reason: 'unauthorized' }), says(401, { reason: 'unauthorized' })];
  const saved = api.post('/courses', {});
  const refused = assert.rejects(saved, (error: ApiError) => error.status === 401);
  while (!expired.value) await new Promise((resolve) => setTimeout(resolve));
  answers = [ok({})];
  await session.logOut();
  await refused;
  assert.equal(user.value, null);
});

test('a list is read to its end', async () => {
  answers = [ok({ items: [1, 2], total: 3 }), ok({ items: [3], total: 3 })];
  const seen: number[] = [];
  assert.deepEqual(await everyPage<number>('/x', {}, (items, total) => seen.push(items.length, total)), [1, 2, 3]);
  assert.deepEqual(seen, [2, 3, 3, 3]);
});

test('the hundred and first coach can be chosen', async () => {
  const coaches = Array.from({ length: 101 }, (_, index) => ({ id: `t${index}`, name: `老师${index}` }));
  answers = [ok({ items: coaches.slice(0, 100), total: 101 }), ok({ items: coaches.slice(100), total: 101 })];
  assert.equal((await allTeachers()).at(-1)?.id, 't100');
});

test('planning that stops in the midst goes on where it was, and plans nothing twice', async () => {
  const starts = Array.from({ length: 45 }, (_, index) => `2025-11-12T${String(index % 24).padStart(2, '0')}:00:00.000+08:00`);
  const made = (request: Asked): Response => {
    const { items } = request.body as { items: { starts_at: string }[] };
    return ok({ created: items.map(({ starts_at }) => ({ id: 'x', starts_at, ends_at: starts_at })), refused: [] })();
  };
  const stopped = says(500, { reason: 'internal' });
  const making = new Making({ course_id: 'c' }, starts);
  answers = [made, stopped];
  await making.goOn();
  assert.equal(making.state.value, 'stopped');
  assert.equal(making.answer.value.created.length, 20);
  answers = [made, made];
  await making.goOn();
  assert.equal(making.state.value, 'done');
  assert.equal(making.answer.value.created.length, 45);
  assert.equal(asked[1]?.key, asked[2]?.key, 'nobody knows what became of it: the same key');
  assert.equal(new Set(asked.map(({ key }) => key)).size, 3);
});

test('a plan that stopped is there to go on with, for nobody else, and no other begins meanwhile', async () => {
  making.value = new Making({ course_id: 'c' }, ['2025-11-12T19:00:00.000+08:00']);
  answers = [() => new Response('{"code":200,"da', { status: 500 })];
  await making.value.goOn();
  assert.deepEqual([ownMaking()?.state.value, isUnfinished()], ['stopped', true]);
  answers = [login('ann', 't9')];
  await session.logIn({ code: 'dev:operator:ann' });
  assert.deepEqual([ownMaking(), isUnfinished()], [null, false]);
  asked = [];
  await making.value.goOn();
  assert.deepEqual([making.value.state.value, asked.length], ['stopped', 0]);
});

test('one tap logs in again only by the code that let this account in', async () => {
  assert.equal(demoCode.value, 'dev:operator:mo');
  answers = [says(401, { reason: 'token_expired' }), login('mo', 't2', ['student', 'operator']), ok(1)];
  await api.get('/a');
  assert.deepEqual([session.token(), demoCode.value], ['t2', 'dev:operator:mo'], 'a renewal keeps it, another role changes nothing');
  answers = [login('mo', 't3')];
  await session.logIn({ username: 'mo', password: 'x' });
  assert.equal(demoCode.value, null);
});
