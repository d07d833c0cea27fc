import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../../unit/render.mjs';
import { app } from './server.mjs';

const NOON = Date.parse('2025-11-12T12:00:00.000+08:00');
const HOUR = 3_600_000;

test('a phone that is hours wrong shows the server’s time', async () => {
  const { exports: clock, clock: phone, close } = load(await app(), 'utils/clock', { now: NOON - 3 * HOUR });
  clock.observe('2025-11-12T12:00:00.000+08:00');
  assert.equal(clock.now(), NOON);
  phone.tick(90_000);
  assert.equal(clock.now(), NOON + 90_000);
  close();
});

test('what arrives late does not set the clock back', async () => {
  const { exports: clock, clock: phone, close } = load(await app(), 'utils/clock', { now: NOON });
  clock.observe('2025-11-12T12:00:00.000+08:00');
  phone.tick(2000);
  clock.observe('2025-11-12T12:00:00.500+08:00');
  assert.equal(clock.now(), NOON + 2000);
  close();
});

test('a phone whose clock was set ahead is noticed by the next answer', async () => {
  const { exports: clock, clock: phone, close } = load(await app(), 'utils/clock', { now: NOON });
  clock.observe('2025-11-12T12:00:00.000+08:00', NOON - 20);
  phone.setSystemTime(NOON + 120_000);
  clock.observe('2025-11-12T12:00:01.000+08:00', NOON + 120_000 - 30);
  assert.equal(clock.now(), NOON + 1000);
  close();
});

test('a standing clock stands until it is told of a later instant, and says when it moved', async () => {
  const { exports: clock, clock: phone, close } = load(await app(), 'utils/clock', { now: NOON });
  let moves = 0;
  clock.observe('2025-11-12T09:00:00.000+08:00');
  clock.setStanding(true);
  clock.watch(() => { moves += 1; });
  phone.tick(60_000);
  assert.equal(clock.now(), NOON - 3 * HOUR);
  clock.observe('2025-11-12T09:05:00.000+08:00');
  assert.equal(clock.now(), NOON - 3 * HOUR + 300_000);
  clock.observe('2025-11-12T09:01:00.000+08:00');
  assert.equal(moves, 1);
  close();
});
