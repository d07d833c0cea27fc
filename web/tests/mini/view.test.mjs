import assert from 'node:assert/strict';
import test from 'node:test';
import { load, plain } from '../../unit/render.mjs';
import { app } from './server.mjs';

test('only what changed goes to the view', async () => {
  const { exports: changes, close } = load(await app(), 'utils/changes');
  const now = { a: 1, rows: [{ id: 1, n: 'x' }, { id: 2, n: 'y' }], deep: { b: 1, c: { d: 2 } }, gone: 'x', ok: null };
  const table = [
    [{ a: 1, rows: now.rows }, {}],
    [{ a: 2 }, { a: 2 }],
    [{ rows: [{ id: 1, n: 'x' }, { id: 2, n: 'z' }] }, { 'rows[1].n': 'z' }],
    [{ rows: [{ id: 1, n: 'x' }] }, { rows: [{ id: 1, n: 'x' }] }],
    [{ rows: [...now.rows, { id: 3 }] }, { 'rows[2]': { id: 3 } }],
    [{ deep: { b: 1, c: { d: 3 } } }, { 'deep.c.d': 3 }],
    [{ deep: { b: 1 } }, { deep: { b: 1 } }],
    [{ gone: undefined }, { gone: null }],
    [{ ok: undefined }, {}],
    [{ ok: { x: 1 } }, { ok: { x: 1 } }],
    [{ deep: null }, { deep: null }],
  ];
  for (const [next, patch] of table) assert.deepEqual(plain(changes(next, now)), patch);
  close();
});

test('a list goes on page by page, and each row stands there once', async () => {
  const { exports: listing, close } = load(await app(), 'utils/listing');
  let all = Array.from({ length: 45 }, (_, i) => ({ id: i }));
  const asked = [];
  const fetch = async (page, size) => {
    asked.push([page, size]);
    return { items: all.slice((page - 1) * size, page * size), total: all.length };
  };
  const first = await listing.reload(fetch, 0);
  assert.deepEqual([first.items.length, first.more], [20, true]);
  all = [{ id: 'new' }, ...all];
  const second = await listing.next(fetch, first.items);
  assert.deepEqual([second.items.length, new Set(second.items.map(({ id }) => id)).size], [39, 39]);
  const again = await listing.reload(fetch, 39);
  assert.deepEqual([again.items.length, again.items[0].id], [40, 'new']);
  assert.deepEqual(asked.at(-1), [1, 40], 'what is shown is fetched at once');
  const last = await listing.next(fetch, again.items);
  assert.deepEqual([last.items.length, last.more], [46, false]);
  close();
});

test('what to do about a refusal stands beside it, and a fault of our own is not hidden', async () => {
  const { exports: texts, clock, close } = load(await app(), 'utils/texts', { now: 0 });
  const told = texts.explain({ status: 409, reason: 'queue_full', message: '候补队列已满，请选择其他课程' });
  assert.equal(told.title, '候补队列已满，请选择其他课程');
  assert.match(told.advice, /其他时间/);
  assert.equal(texts.explain(new TypeError('x')).reason, 'fault');
  assert.throws(() => clock.tick(10), /x/);
  assert.deepEqual([texts.money(18000), texts.money(50)], ['¥180', '¥0.50']);
  assert.equal(texts.cancellation({ cancelled_by: 'system', cancel_reason: 'payment_timeout' }), '由系统取消：未在规定时间内支付');
  close();
});

test('a message leads to what it is about', async () => {
  const { exports: { placeOf }, close } = load(await app(), 'utils/messages');
  const url = (kind, data) => placeOf({ kind, data })?.url ?? null;
  assert.equal(url('seat_offered', { waitlist_id: 'w1', schedule_id: 'c1' }), '/pages/notifications/waitlist?id=w1');
  assert.equal(url('booking_confirmed', { booking_id: 'b1', schedule_id: 'c1' }), '/pages/booking/detail?id=b1');
  assert.equal(url('booking_confirmed', { to: 'teacher', booking_id: 'b1', schedule_id: 'c1' }), '/teacher/pages/roster?id=c1');
  assert.equal(url('schedule_changed', { schedule_id: 'c1' }), '/pages/schedules/detail?id=c1');
  assert.equal(url('new_login', {}), '/pages/me/sessions');
  assert.equal(url('makeup_credit', {}), null);
  close();
});
