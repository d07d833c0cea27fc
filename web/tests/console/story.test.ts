// The event log as a story: the worked example W4 and W8, as an operator reads them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HistoryItem } from '../../../console/lib/types.ts';
import { useLanguage } from '../../../console/lib/i18n.ts';
import { sentence, verdictText } from '../../../console/views/class/sentence.ts';
import { everybody, standing, steps, stepsOf, verdicts } from '../../../console/views/class/story.ts';

type Row = [version: number, time: string, event: string, who: string | null, details?: Record<string, unknown>];

function log(rows: Row[]): HistoryItem[] {
  return rows.map(([version, time, event, who, details = {}]) => ({
    version,
    at: `2025-11-12T${time}.000+08:00`,
    event,
    student_id: who && `id-${who}`,
    nickname: who,
    details,
  }));
}

const race = (round: string): Record<string, unknown> => ({ round_id: round, stage: 'race', deadline: '2025-11-12T12:45:00.000+08:00' });

/** 12:30 a seat is freed, A, B and C race, B confirms at 12:40. */
const W4 = log([
  [1, '09:00:00', 'opened', null, { capacity: 6 }],
  [2, '10:00:00', 'joined', 'A'],
  [3, '10:01:00', 'joined', 'B'],
  [4, '10:02:00', 'joined', 'C'],
  [5, '12:30:00', 'booking_cancelled', 'Z', { cancelled_by: 'student', reason: '生病' }],
  [5, '12:30:00', 'round_opened', null, { round_id: 'r1', cause: 'cancelled' }],
  [5, '12:30:00', 'offer_sent', 'A', race('r1')],
  [5, '12:30:00', 'offer_sent', 'B', race('r1')],
  [5, '12:30:00', 'offer_sent', 'C', race('r1')],
  [6, '12:40:00', 'offer_ended', 'A', { round_id: 'r1', end: 'lost' }],
  [6, '12:40:00', 'offer_ended', 'B', { round_id: 'r1', end: 'accepted' }],
  [6, '12:40:00', 'offer_ended', 'C', { round_id: 'r1', end: 'lost' }],
  [6, '12:40:00', 'entry_ended', 'B', { end: 'promoted' }],
  [6, '12:40:00', 'booked', 'B', { source: 'race', state: 'confirmed' }],
  [6, '12:40:00', 'round_ended', null, { round_id: 'r1', end: 'won' }],
]);

/** Nobody answers a race; A lets the turn lapse, B is passed over, C declines; D joined in the midst. */
const TURNS = log([
  [1, '08:00:00', 'joined', 'A'],
  [2, '08:01:00', 'joined', 'B'],
  [3, '08:02:00', 'joined', 'C'],
  [4, '09:00:00', 'round_opened', null, { round_id: 'r1', cause: 'cancelled' }],
  [4, '09:00:00', 'offer_sent', 'A', race('r1')],
  [4, '09:00:00', 'offer_sent', 'B', race('r1')],
  [4, '09:00:00', 'offer_sent', 'C', race('r1')],
  [5, '09:05:00', 'joined', 'D'],
  [6, '09:15:00', 'offer_ended', 'A', { round_id: 'r1', end: 'lapsed' }],
  [6, '09:15:00', 'offer_ended', 'B', { round_id: 'r1', end: 'lapsed' }],
  [6, '09:15:00', 'offer_ended', 'C', { round_id: 'r1', end: 'lapsed' }],
  [6, '09:15:00', 'offer_sent', 'A', { round_id: 'r1', stage: 'turn', deadline: '2025-11-12T09:30:00.000+08:00' }],
  [7, '09:20:00', 'offer_begun', 'A', { round_id: 'r1' }],
  [8, '09:30:00', 'offer_ended', 'A', { round_id: 'r1', end: 'lapsed' }],
  [8, '09:30:00', 'entry_ended', 'A', { end: 'turn_passed' }],
  [8, '09:30:00', 'entry_passed', 'B', { round_id: 'r1', reason: 'time_conflict' }],
  [8, '09:30:00', 'offer_sent', 'C', { round_id: 'r1', stage: 'turn', deadline: '2025-11-12T09:45:00.000+08:00' }],
  [9, '09:31:00', 'offer_ended', 'C', { round_id: 'r1', end: 'declined' }],
  [9, '09:31:00', 'entry_ended', 'C', { end: 'turn_passed' }],
  [9, '09:31:00', 'round_ended', null, { round_id: 'r1', end: 'public' }],
]);

const why = (items: HistoryItem[], who: string): string[] => verdicts(steps(items), `id-${who}`).map(verdictText);

test('what happened to several at once is told as one', () => {
  useLanguage('zh');
  const told = steps(W4);
  const sentences = told.map(sentence);
  assert.ok(sentences.includes('抢占：A、B、C 可在 12:45:00 前确认，先确认者得'), sentences.join('\n'));
  assert.ok(sentences.includes('A、C：名额已被抢占，位次不变'));
  assert.ok(sentences.includes('C 加入候补，排第 3 位'));
  assert.ok(sentences.includes('Z 取消了预约（生病）'));
  assert.ok(sentences.includes('B 最先确认，抢到名额'));
  assert.equal(new Set(told.map((step) => step.key)).size, told.length);
});

test('why not me: whoever lost a race is told who was faster, and when', () => {
  useLanguage('zh');
  assert.deepEqual(why(W4, 'A'), ['B 在 12:40:00 先确认了']);
  assert.deepEqual(why(W4, 'B'), ['抢到了名额']);
  assert.deepEqual(why(W4, 'Z'), []);
  assert.deepEqual(standing(steps(W4), 'id-A'), { is: 'waiting', position: 1 });
  assert.deepEqual(standing(steps(W4), 'id-C'), { is: 'waiting', position: 2 });
  assert.deepEqual(standing(steps(W4), 'id-B'), { is: 'booked' });
});

test('why not me: a turn that lapsed, a conflict, a decline, and who came too late', () => {
  useLanguage('zh');
  assert.deepEqual(why(TURNS, 'A'), ['09:20:00 开始确认，但到 09:30:00 没有完成']);
  assert.deepEqual(why(TURNS, 'B'), ['与其他课程时间冲突，没有轮到']);
  assert.deepEqual(why(TURNS, 'C'), ['09:31:00 放弃了名额']);
  assert.deepEqual(why(TURNS, 'D'), ['名额轮到排在前面的 C']);
  assert.deepEqual(standing(steps(TURNS), 'id-A'), { is: 'gone' });
  assert.deepEqual(standing(steps(TURNS), 'id-D'), { is: 'waiting', position: 2 });
});

test('what a deadline decided is told in words, what somebody wrote as they wrote it', () => {
  useLanguage('zh');
  const cancelled = (reason: string): string =>
    sentence(steps(log([[1, '09:00:00', 'booking_cancelled', 'A', { cancelled_by: 'system', reason }]]))[0]!);
  assert.equal(cancelled('payment_timeout'), 'A 的预约因超时被系统取消（未在规定时间内支付）');
  assert.equal(cancelled('constructor'), 'A 的预约因超时被系统取消（constructor）');
});

test('the same in English', () => {
  useLanguage('en');
  assert.deepEqual(why(W4, 'A'), ['B confirmed first, at 12:40:00']);
  assert.ok(steps(W4).map(sentence).includes('Z cancelled the booking (生病)'));
});

test('a person sees their own steps, the rounds they waited through, and what was changed for all', () => {
  const own = stepsOf(steps(W4), 'id-A').map(({ event, word }) => `${event} ${word}`.trim());
  assert.deepEqual(own, ['opened', 'joined', 'round_opened cancelled', 'offer_sent race', 'offer_ended lost', 'round_ended won']);
  assert.deepEqual(
    everybody(steps(W4))
      .map(({ name }) => name)
      .sort(),
    ['A', 'B', 'C', 'Z'],
  );
});

test('an event of a newer server is shown by its name', () => {
  useLanguage('zh');
  assert.equal(sentence(steps(log([[1, '09:00:00', 'teleported', null]]))[0]!), 'teleported');
  assert.equal(sentence(steps(log([[1, '09:00:00', 'offer_ended', 'A', { round_id: 'r', end: 'vanished' }]]))[0]!), 'vanished');
});
