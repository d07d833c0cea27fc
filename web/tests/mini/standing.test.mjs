import assert from 'node:assert/strict';
import test from 'node:test';
import { load, plain } from '../../unit/render.mjs';
import { app, OFFER, schedule } from './server.mjs';

const at = (time) => Date.parse(`2025-11-12T${time}+08:00`);
const ENTRY = { id: 'w1', position: 2, status: 'waiting', joined_at: '2025-11-12T09:00:00.000+08:00' };
const BOOKING = { id: 'b1', status: 'confirmed', payment_status: 'not_required', pay_deadline: null };

test('how a class stands, and what can be done', async () => {
  const { exports, close } = load(await app(), 'utils/standing');
  const free = { seats_taken: 4, seats_left: 2, availability: 'available' };
  const table = [
    ['free seats', schedule(free), '12:00', 'open', 'book'],
    ['full', schedule(), '12:00', 'full', 'join'],
    ['full, seats on offer to others', schedule({ seats_taken: 5, seats_offered: 1 }), '12:00', 'full', 'join'],
    ['queue full', schedule({ waitlist: { capacity: 8, length: 8, open: true } }), '12:00', 'queue_full', ''],
    ['after the cutoff, half-open', schedule(), '13:00', 'closed', ''],
    ['a millisecond before it', schedule(), '12:59:59.999', 'full', 'join'],
    ['waiting', schedule({ mine: { waitlist_entry: ENTRY } }), '12:00', 'waiting', 'leave'],
    ['an offer', schedule({ mine: { waitlist_entry: ENTRY, offer: OFFER } }), '12:31', 'offered', 'accept decline'],
    ['a hold', schedule({ ...free, mine: { hold: { expires_at: '2025-11-12T12:05:00.000+08:00' } } }), '12:00', 'held', 'book'],
    ['booked', schedule({ mine: { booking: BOOKING } }), '12:00', 'booked', 'open'],
    ['unpaid', schedule({ mine: { booking: { ...BOOKING, status: 'pending', payment_status: 'unpaid' } } }), '12:00', 'unpaid', 'pay open'],
    ['unconfirmed', schedule({ mine: { booking: { ...BOOKING, status: 'pending' } } }), '12:00', 'pending', 'open'],
    ['called off', schedule({ availability: 'revoked' }), '12:00', 'revoked', ''],
    ['blocked', schedule({ availability: 'blocked' }), '12:00', 'blocked', ''],
    ['begun', schedule(free), '19:00', 'started', ''],
    ['over', schedule({ availability: 'completed' }), '21:00', 'completed', ''],
  ];
  for (const [name, body, time, kind, actions] of table) {
    const told = exports.standingOf(body, at(time.length === 5 ? `${time}:00` : time));
    assert.deepEqual([told.kind, told.actions.join(' ')], [kind, actions], name);
  }
  assert.equal(exports.standingOf(schedule({ waitlist: { capacity: 8, length: 8, open: true } }), at('12:00:00')).text, '候补队列已满，请选择其他课程');
  assert.equal(exports.standingOf(schedule({ mine: { waitlist_entry: ENTRY } }), at('12:00:00')).text, '您是第2位候补，有名额会立即通知您。');
  close();
});

test('a confirmation that began late may end five minutes after it began', async () => {
  const { exports: { confirmBy }, close } = load(await app(), 'utils/standing');
  assert.equal(confirmBy(OFFER), OFFER.deadline);
  assert.equal(confirmBy({ ...OFFER, begun_at: '2025-11-12T12:31:00.000+08:00' }), OFFER.deadline);
  assert.equal(confirmBy({ ...OFFER, begun_at: '2025-11-12T12:44:00.000+08:00' }), '2025-11-12T12:49:00.000+08:00');
  close();
});

test('a class in a list says what matters to whoever looks', async () => {
  const { exports: { classView, seatsOf, seatsLabel }, close } = load(await app(), 'utils/classes');
  const badge = (change, time = '12:00') => classView(schedule(change), at(`${time}:00`)).badge;
  assert.equal(badge({}), '已满员');
  assert.equal(badge({ seats_left: 2, availability: 'available' }), '剩 2 席');
  assert.equal(badge({ availability: 'pending' }), '占位中');
  assert.equal(badge({ mine: { waitlist_entry: ENTRY } }), '已候补 第2位');
  assert.equal(badge({ mine: { waitlist_entry: ENTRY, offer: OFFER } }), '有名额');
  assert.equal(badge({ mine: { booking: BOOKING } }), '已预约');
  assert.equal(badge({ availability: 'revoked', mine: {} }), '已取消');
  assert.equal(classView(schedule(), at('12:00:00')).queue, '候补: 3/8人');
  const mixed = schedule({ seats_taken: 3, seats_offered: 1, seats_held: 1, seats_left: 1 });
  assert.deepEqual(plain(seatsOf(mixed)), ['taken', 'taken', 'taken', 'offered', 'held', 'free']);
  assert.equal(seatsLabel(mixed), '共 6 席 · 已约 3 · 候补确认中 1 · 占位 1 · 空位 1');
  assert.deepEqual(plain(seatsOf(schedule({ capacity: 500 }))), [], 'too many to draw');
  close();
});

test('a place in line is one until it is left, lost or used', async () => {
  const { exports: { isInLine }, close } = load(await app(), 'utils/standing');
  const inLine = ['waiting', 'notified', 'in_turn', 'promoted', 'cancelled', 'expired'].filter((status) => isInLine({ status }));
  assert.deepEqual(inLine, ['waiting', 'notified', 'in_turn']);
  close();
});
