import assert from 'node:assert/strict';
import test from 'node:test';
import { load, plain } from '../../unit/render.mjs';
import { app, schedule } from './server.mjs';

const at = (time) => Date.parse(`2025-11-12T${time}:00+08:00`);

test('what a teacher may do with a booking, and a mistake that may be put right', async () => {
  const { exports: { choicesOf }, close } = load(await app(), 'teacher/utils/roster');
  const choices = (status, started, payment = 'not_required') => choicesOf({ status, payment_status: payment }, started).map(({ action }) => action).join(' ');
  const table = [
    ['pending', false, 'not_required', 'confirm cancel'], ['pending', false, 'unpaid', 'cancel'], ['confirmed', false, 'paid', 'cancel'],
    ['confirmed', true, 'paid', 'complete no-show cancel'], ['completed', true, 'paid', 'no-show'], ['no_show', true, 'paid', 'complete'],
    ['cancelled', true, 'paid', ''],
  ];
  for (const [status, started, payment, told] of table) assert.equal(choices(status, started, payment), told, `${status} ${started}`);
  close();
});

test('what a teacher may do with the class', async () => {
  const { exports: { controlsOf }, close } = load(await app(), 'teacher/utils/roster');
  const controls = (availability, time) => controlsOf(schedule({ availability }), at(time)).map(({ action }) => action).join(' ');
  assert.equal(controls('booked', '12:00'), 'block');
  assert.equal(controls('blocked', '12:00'), 'unblock');
  assert.equal(controls('booked', '19:00'), 'complete');
  assert.equal(controls('completed', '20:00'), '');
  assert.equal(controls('revoked', '12:00'), '');
  close();
});

test('who waits: whether they can be told, and why they were passed over', async () => {
  const { exports: { queueRow, roundRow }, close } = load(await app(), 'teacher/utils/roster');
  const row = { waitlist_id: 'w1', position: 1, nickname: '小雨', status: 'waiting', joined_at: '2025-11-12T09:00:00.000+08:00', reachable: false, offer: null, passed: { at: '', why: 'time_conflict', text: '' } };
  assert.match(queueRow(row).facts, /加入 · 微信通知不到 · 时间冲突，跳过一次/);
  assert.deepEqual([queueRow(row).state, queueRow({ ...row, offer: { stage: 'turn' } }).state], ['候补中', '保留中']);
  assert.deepEqual(plain([roundRow({ id: 'r', stage: 'turn', deadline: 'd', turn_of: '小雨' }).text, roundRow({ id: 'r', stage: 'race', deadline: 'd' }).text]), ['保留给小雨', '候补抢占中']);
  close();
});
