import assert from 'node:assert/strict';
import test from 'node:test';
import { load, plain } from '../../unit/render.mjs';
import { app } from './server.mjs';

const NOW = '2025-11-12T23:30:00.000+08:00';

async function time() {
  const compiled = await app();
  const { exports, window, close } = load(compiled, 'utils/time', { now: NOW });
  window.__mp.modules.load('utils/clock').observe(NOW);
  return { time: exports, close };
}

test('days are named by the school’s wall clock', async () => {
  const { time: t, close } = await time();
  const table = [
    ['2025-11-12T19:00:00.000+08:00', '今天 19:00'],
    ['2025-11-13T00:30:00.000+08:00', '明天 00:30'],
    ['2025-11-14T09:05:00.000+08:00', '后天 09:05'],
    ['2025-11-11T19:00:00.000+08:00', '昨天 19:00'],
    ['2025-11-15T19:00:00.000+08:00', '11月15日 周六 19:00'],
    ['2026-01-02T08:00:00.000+08:00', '2026年1月2日 周五 08:00'],
  ];
  for (const [instant, told] of table) assert.equal(t.moment(instant), told);
  assert.equal(t.today(), '2025-11-12');
  close();
});

test('a class past midnight says both days', async () => {
  const { time: t, close } = await time();
  assert.equal(t.span('2025-11-12T19:00:00.000+08:00', '2025-11-12T21:00:00.000+08:00'), '今天 19:00–21:00');
  assert.equal(t.span('2025-11-12T23:00:00.000+08:00', '2025-11-13T00:30:00.000+08:00'), '今天 23:00–明天 00:30');
  close();
});

test('a month is whole weeks from Monday to Sunday', async () => {
  const { time: t, close } = await time();
  const weeks = plain(t.weeksOf('2025-11'));
  assert.deepEqual([weeks.length, weeks[0][0], weeks[0][6], weeks.at(-1)[6]], [5, '2025-10-27', '2025-11-02', '2025-11-30']);
  assert.equal(t.weeksOf('2026-02')[0][0], '2026-01-26');
  assert.deepEqual([t.addMonths('2025-12', 1), t.addMonths('2026-01', -1), t.addMonths('2025-11', -12)], ['2026-01', '2025-12', '2024-11']);
  assert.deepEqual([t.mondayOf('2025-11-16'), t.mondayOf('2025-11-17')], ['2025-11-10', '2025-11-17']);
  close();
});

test('a countdown rounds up, so that it shows zero only when time is up', async () => {
  const { time: t, close } = await time();
  const table = [[900_000, '15:00'], [899_001, '15:00'], [60_000, '01:00'], [1, '00:01'], [0, '00:00'], [-5, '00:00'], [3_723_000, '1:02:03']];
  for (const [left, told] of table) assert.equal(t.countdown(left), told);
  assert.equal(t.spoken(200_000), '3分20秒');
  close();
});
