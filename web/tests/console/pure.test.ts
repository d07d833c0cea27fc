// The console's small parts that need no page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ServerClock } from '../../../console/lib/clock.ts';
import { csv, fileName } from '../../../console/lib/csv.ts';
import { ApiError } from '../../../console/lib/errors.ts';
import { fill, gaps } from '../../../console/lib/fill.ts';
import { link, parsePlace } from '../../../console/lib/router.ts';
import { Tap } from '../../../console/lib/tap.ts';
import {
  addDays,
  atOffset,
  countdown,
  daysBetween,
  isDate,
  mondayOf,
  offsetOf,
  wallDate,
  wallSecond,
  wallTime,
  weekday,
} from '../../../console/lib/time.ts';
import { zoneOffset } from '../../../console/lib/zone.ts';
import { texts } from '../../../console/texts/index.ts';

test('both languages of a text have the same gaps, and neither is empty', () => {
  for (const [key, [zh, en]] of Object.entries(texts)) {
    assert.ok(zh.trim() && en.trim(), key);
    // A word that is there for one and many names its gap in one language only.
    const plain = (text: string): string[] => gaps(text.replace(/\{\w+\|[^}]*\}/g, ''));
    assert.deepEqual(plain(zh), plain(en), key);
  }
});

test('a text is filled in, and counts as English does', () => {
  assert.equal(fill('第 {n} 位', { n: 3 }), '第 3 位');
  assert.equal(fill('{n} {n|seat|seats}', { n: 1 }), '1 seat');
  assert.equal(fill('{n} {n|seat|seats}', { n: 0 }), '0 seats');
  assert.equal(fill('{gone}!'), '!');
  assert.equal(fill('{name}', { name: '$& {n}' }), '$& {n}');
});

test('times are those of the school, wherever the browser is', () => {
  assert.equal(wallTime('2025-11-12T00:30:00.000+08:00'), '00:30');
  assert.equal(wallDate('2025-11-12T00:30:00.000+08:00'), '2025-11-12');
  assert.equal(wallSecond('2025-11-12T12:45:07.250+08:00'), '12:45:07');
  assert.equal(offsetOf('2025-11-12T00:30:00Z'), '+00:00');
  assert.equal(atOffset(Date.parse('2025-11-11T16:30:00Z'), '+08:00'), '2025-11-12T00:30:00.000+08:00');
  assert.equal(atOffset(Date.parse('2025-11-12T02:00:00Z'), '-03:30'), '2025-11-11T22:30:00.000-03:30');
});

test('weeks begin on Monday, and months and years end', () => {
  assert.equal(addDays('2024-02-28', 1), '2024-02-29');
  assert.equal(addDays('2025-12-31', 1), '2026-01-01');
  assert.equal(mondayOf('2025-11-16'), '2025-11-10');
  assert.equal(mondayOf('2025-11-10'), '2025-11-10');
  assert.equal(weekday('2025-11-16'), 7);
  assert.equal(daysBetween('2025-11-10', '2025-12-10'), 30);
  for (const bad of ['2025-02-30x', '2025-02-30', '2025-13-01', '', null, undefined]) assert.equal(isDate(bad), false, String(bad));
});

test('an offset is that of its own date, before and after the clocks are changed', () => {
  assert.equal(zoneOffset('Europe/Berlin', '2026-03-28T19:00'), '+01:00');
  assert.equal(zoneOffset('Europe/Berlin', '2026-03-29T01:30'), '+01:00');
  assert.equal(zoneOffset('Europe/Berlin', '2026-03-29T03:00'), '+02:00');
  assert.equal(zoneOffset('Europe/Berlin', '2026-03-29T19:00'), '+02:00');
  assert.equal(zoneOffset('Europe/Berlin', '2026-10-25T02:30'), '+02:00', 'the first of the two');
  assert.equal(zoneOffset('Europe/Berlin', '2026-10-25T03:00'), '+01:00');
  assert.equal(zoneOffset('Asia/Shanghai', '2026-07-01T19:00'), '+08:00');
  assert.equal(zoneOffset('+05:30', '2026-07-01T19:00'), '+05:30');
  assert.equal(zoneOffset('UTC', '2026-07-01T19:00'), '+00:00');
  assert.equal(zoneOffset('Nowhere/Land', '2026-07-01T19:00'), null);
});

test('a countdown is rounded up, so that 0:00 means that time is up', () => {
  assert.equal(countdown(900_000), '15:00');
  assert.equal(countdown(1), '0:01');
  assert.equal(countdown(0), '0:00');
  assert.equal(countdown(-5), '0:00');
  assert.equal(countdown(3_723_000), '1:02:03');
});

test('the clock follows the server, and takes the sample that was least late', () => {
  const clock = new ServerClock();
  clock.observe('2025-11-12T12:00:00.000Z', 1_000);
  clock.observe('2025-11-12T12:00:01.900Z', 3_000);
  assert.equal(clock.now(3_000), Date.parse('2025-11-12T12:00:02.000Z'));
  clock.observe('nonsense', 3_000);
  assert.equal(clock.now(3_000), Date.parse('2025-11-12T12:00:02.000Z'));
});

test('a manual clock stands, and never goes back', () => {
  const clock = new ServerClock();
  clock.manual = true;
  clock.observe('2025-11-12T12:00:00.000Z', 1_000);
  assert.equal(clock.now(60_000), Date.parse('2025-11-12T12:00:00.000Z'));
  clock.observe('2025-11-12T12:10:00.000Z', 61_000);
  clock.observe('2025-11-12T12:05:00.000Z', 62_000);
  assert.equal(clock.now(90_000), Date.parse('2025-11-12T12:10:00.000Z'));
});

test('a table for spreadsheets is told apart from formulas', () => {
  const rows = [
    ['=1+1', 1],
    ['  @sum', 2],
    ['a,"b"', null],
    ['＝cmd', -3],
    ['-- 备注', 0],
    ['两\n行', 1],
  ] as const;
  const lines = ['名字,n', "'=1+1,1", "'  @sum,2", '"a,""b""",', "'＝cmd,-3", "'-- 备注,0", '"两\n行",1'];
  assert.equal(csv(['名字', 'n'], rows), `\ufeff${lines.join('\r\n')}\r\n`);
  assert.equal(fileName('a/b:c', '2025-11-12 19:00\n'), 'a-b-c 2025-11-12 19-00-');
});

test('an address names a page and what it shows, also with odd signs', () => {
  const address = link(['classes', 'a/b?c'], { person: '林 & 雨', empty: '' });
  const { path, query } = parsePlace(address);
  assert.deepEqual(path, ['classes', 'a/b?c']);
  assert.equal(query.get('person'), '林 & 雨');
  assert.equal(query.has('empty'), false);
  assert.deepEqual(parsePlace('').path, ['board']);
  assert.deepEqual(parsePlace('#/%E0%A4%A').path, ['%E0%A4%A']);
});

test('a tap keeps its key until its outcome is known, or another thing is wished for', () => {
  const tap = new Tap();
  const key = tap.key({ capacity: 8 });
  assert.equal(tap.key({ capacity: 8 }), key);
  assert.notEqual(tap.key({ capacity: 9 }), key);
  const later = tap.key({ capacity: 9 });
  tap.settled();
  assert.notEqual(tap.key({ capacity: 9 }), later);
});

test('a 400 names its field in both languages', () => {
  const refused = (text: string): ApiError => new ApiError({ status: 400, reason: 'invalid_request', text });
  assert.equal(refused('参数 policy.window_ms 无效：应在1到2之间').field, 'policy.window_ms');
  assert.equal(refused('参数 name 无效：不能为空').aboutField, '不能为空');
  assert.equal(refused('invalid `name`: must not be empty').field, 'name');
  assert.equal(refused('invalid `name`: must not be empty').aboutField, 'must not be empty');
  assert.equal(new ApiError({ status: 409, reason: 'queue_full', text: '参数 x 无效：' }).field, null);
  assert.equal(new ApiError({ status: 0, reason: 'unreachable' }).unknown, true);
  assert.equal(new ApiError({ status: 409, reason: 'queue_full' }).unknown, false);
});
