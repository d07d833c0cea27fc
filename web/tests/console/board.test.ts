// The board: which classes are shown, what they come to, and that old news changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Schedules } from '../../../console/lib/schedules.ts';
import { zoneOffset } from '../../../console/lib/zone.ts';
import type { Slot } from '../../../console/lib/types.ts';
import { counts, filterOf, fits, grouped, isEmpty } from '../../../console/views/board/filter.ts';
import { changes } from '../../../console/views/class/changes.ts';
import { firstOf } from '../../../console/views/board/watcher.ts';
import { startsOf, timesOf } from '../../../console/views/schedule/weeks.ts';

function slot(part: Partial<Slot> = {}): Slot {
  return {
    id: 's1',
    course_id: 'c1',
    course_name: '书法入门',
    starts_at: '2025-11-12T19:00:00.000+08:00',
    ends_at: '2025-11-12T21:00:00.000+08:00',
    capacity: 6,
    seats_taken: 6,
    seats_held: 0,
    seats_offered: 0,
    seats_left: 0,
    availability: 'booked',
    waitlist: { capacity: 8, length: 3, open: true },
    cutoff_at: '2025-11-12T13:00:00.000+08:00',
    rounds: [],
    epoch: 1,
    version: 5,
    server_time: '2025-11-12T09:00:00.000+08:00',
    teacher_id: 't1',
    teacher_name: '林老师',
    location: '松风教室',
    course_kind: 1,
    level: 0,
    category: '',
    final_price_fen: 0,
    ...part,
  };
}

const at8 = (): string => '+08:00';

const filter = (text: string) => filterOf(new URLSearchParams(text));

test('filters choose by coach, course, fullness, rounds and words', () => {
  assert.ok(fits(slot(), filter('')));
  assert.ok(isEmpty(filter('')) && !isEmpty(filter('full=1')));
  assert.ok(fits(slot(), filter('teacher=t1&course=c1&full=1&q=林 书法')));
  assert.ok(!fits(slot(), filter('teacher=t2')));
  assert.ok(!fits(slot({ seats_left: 1 }), filter('full=1')));
  assert.ok(!fits(slot({ availability: 'completed' }), filter('full=1')));
  assert.ok(!fits(slot(), filter('running=1')));
  assert.ok(fits(slot({ rounds: [{ stage: 'race', deadline: '2025-11-12T12:45:00.000+08:00' }] }), filter('running=1')));
  assert.ok(!fits(slot(), filter('q=钢琴')));
});

test('a revoked class counts for nothing, a completed one has no free seats', () => {
  const free = { seats_taken: 2, seats_left: 4, availability: 'available' as const, waitlist: { capacity: 8, length: 0, open: true } };
  const all = counts([slot(), slot(free), slot({ ...free, availability: 'completed' }), slot({ availability: 'revoked' })]);
  assert.deepEqual(all, { classes: 3, seats: 18, taken: 10, free: 4, full: 1, waiting: 3, rounds: 0 });
});

test('classes are grouped by their hour or their date at the school', () => {
  const late = slot({ id: 's2', starts_at: '2025-11-13T00:30:00.000+08:00' });
  assert.deepEqual(
    grouped([slot(), late], 'date').map(({ name, slots }) => [name, slots.length]),
    [
      ['2025-11-12', 1],
      ['2025-11-13', 1],
    ],
  );
  assert.deepEqual(
    grouped([slot(), slot({ id: 's3' })], 'hour').map(({ name, slots }) => [name, slots.length]),
    [['19', 2]],
  );
});

test('news that is older than what is known changes nothing, in whatever way it comes', () => {
  const known = new Schedules();
  known.list([slot()]);
  assert.equal(known.apply('s1', slot({ version: 6, seats_taken: 5 })), true);
  assert.equal(known.apply('s1', slot({ version: 5, seats_taken: 6 })), false);
  assert.equal(known.get('s1')?.value.seats_taken, 5);
  known.list([slot({ version: 5, location: '竹影教室' })]);
  assert.equal(known.get('s1')?.value.seats_taken, 5);
  assert.equal(known.get('s1')?.value.location, '竹影教室');
  assert.equal(known.apply('s1', slot({ epoch: 2, version: 1, seats_taken: 4 })), true);
  assert.equal(known.apply('unknown', slot()), false);
});

test('a frame keeps what lists alone say', () => {
  const known = new Schedules();
  known.list([slot()]);
  const { teacher_name: _, location: __, ...frame } = slot({ version: 6 });
  known.apply('s1', frame);
  assert.equal(known.get('s1')?.value.teacher_name, '林老师');
});

test('a list that says nothing new draws nothing anew', () => {
  const known = new Schedules();
  known.list([slot()]);
  const before = known.get('s1')?.value;
  known.list([slot({ server_time: '2025-11-12T09:01:00.000+08:00' })]);
  assert.equal(known.get('s1')?.value, before);
});

test('starting times are read as people write them', () => {
  assert.deepEqual(timesOf('14:30， 9：00 09:00'), ['09:00', '14:30']);
  for (const bad of ['', ' ', '25:00', '9', '09:60', '09:00 x']) assert.equal(timesOf(bad), null, bad);
});

test('weekdays times times until, in order', () => {
  const starts = startsOf('2025-11-10', '2025-11-19', new Set([1, 3]), ['09:00', '19:00'], at8);
  assert.deepEqual(
    starts.map((start) => start.slice(0, 16)),
    [
      '2025-11-10T09:00',
      '2025-11-10T19:00',
      '2025-11-12T09:00',
      '2025-11-12T19:00',
      '2025-11-17T09:00',
      '2025-11-17T19:00',
      '2025-11-19T09:00',
      '2025-11-19T19:00',
    ],
  );
  assert.ok(starts.every((start) => start.endsWith(':00.000+08:00')));
  assert.deepEqual(startsOf('2025-11-12', '2025-11-11', new Set([3]), ['09:00'], at8), []);
});

test('a plan that goes over a change of clocks keeps its hour', () => {
  const starts = startsOf('2026-03-28', '2026-03-29', new Set([6, 7]), ['19:00'], (wall) => String(zoneOffset('Europe/Berlin', wall)));
  assert.deepEqual(starts, ['2026-03-28T19:00:00.000+01:00', '2026-03-29T19:00:00.000+02:00']);
});

test('only what was changed of a class is sent: each change is told to everybody', () => {
  const before = { date: '2025-11-12', start: '19:00', end: '21:00', teacher: 't1', place: '松风教室' };
  assert.deepEqual(changes(before, before, at8), {});
  assert.deepEqual(changes(before, { ...before, place: '竹影教室' }, at8), { location: '竹影教室' });
  assert.deepEqual(changes(before, { ...before, start: '22:00', end: '00:30' }, at8), {
    starts_at: '2025-11-12T22:00:00+08:00',
    ends_at: '2025-11-13T00:30:00+08:00',
  });
  assert.deepEqual(changes(before, { ...before, teacher: 't2' }, at8), { teacher_id: 't2' });
});

test('every class of the board is watched, and where there are too many, those in view', () => {
  assert.deepEqual([...firstOf(new Set(['c']), ['a', 'b', 'c'], 240)], ['c', 'a', 'b']);
  assert.deepEqual([...firstOf(new Set(['c', 'd']), ['a', 'b', 'c', 'd'], 3)], ['c', 'd', 'a']);
  assert.deepEqual([...firstOf(new Set(), [], 3)], []);
});
