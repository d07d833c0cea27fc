// One thing has one name: on the board, on the page of a class, in its history, on buttons and in news.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TextKey } from '../../../console/lib/i18n.ts';
import { texts } from '../../../console/texts/index.ts';

/** Words that somebody may think of, and the one that this console has for the same. */
const OTHERWISE: readonly (readonly [zh: RegExp, en: RegExp | null, instead: string])[] = [
  [/抢位/, null, '抢占 (a race), 邀约中 (on offer)'],
  [/抢占中/, null, '邀约中: a seat is on offer in a turn too'],
  [/教练/, /\bteacher/i, '老师, coach'],
  [/工作人员/, /\bstaff\b/i, '运营, operator'],
  [/付款|收款/, null, '支付'],
  [/取消课程|课程被取消|课程已取消/, null, '取消这节课: a course is not cancelled with it'],
  [/剩 ?\{/, null, '空位'],
  [/总席位|座位/, null, '席位'],
  [/无法通知/, /could not be told|unreachable/, '收不到即时提醒, no instant alert'],
  [/缺席|缺勤/, /\babsent\b|was there|did not come/i, '爽约, no-show'],
  [/排队人数|等候/, /(?<!Journal )\bqueue\b/i, '候补, waitlist'],
];
/** The server, not a person, is what cannot be reached; what the audit compares are its own lists. */
const ALLOWED: readonly string[] = ['error.unreachable', 'audit.text', 'queue.unreachable'];

test('no text has another word for what has a name', () => {
  const found = Object.entries(texts).flatMap(([key, [zh, en]]) =>
    OTHERWISE.filter(([inZh, inEn]) => !ALLOWED.includes(key) && (inZh.test(zh) || inEn?.test(en))).map(
      ([, , instead]) => `${key}: ${zh} | ${en}: say ${instead}`,
    ),
  );
  assert.deepEqual(found, []);
});

/** Without its numbers. */
const bare = (key: TextKey): string[] => texts[key].map((text) => text.replace(/ ?\{\w+\} ?/g, '').toLowerCase());

test('what a card, the counts, the head of a class and the bar of seats show is called the same', () => {
  for (const keys of [
    ['count.rounds', 'class.offered', 'card.offered'],
    ['class.free', 'count.free', 'card.left'],
    ['class.held', 'card.held'],
    ['stage.race', 'source.race'],
    ['stage.turn', 'source.turn'],
    ['payment.unpaid', 'booking.unpaid'],
    ['booking.completed', 'do.present'],
    ['booking.no_show', 'do.absent'],
  ] satisfies TextKey[][]) {
    const [first, ...others] = keys;
    for (const other of others) assert.deepEqual(bare(other), bare(first), `${first} and ${other}`);
  }
  const [zh] = texts['seats.label'];
  for (const key of ['class.taken', 'class.held', 'class.offered', 'class.free'] satisfies TextKey[]) assert.ok(zh.includes(texts[key][0]), key);
});
