// Which two students the phones belong to.

import { recall, remember } from './storage.js';

const PAIRS = [
  ['林小雨', '王子轩'],
  ['陈思远', '赵一诺'],
  ['周可心', '吴俊杰'],
  ['郑安琪', '孙浩然'],
  ['何雨桐', '马天宇'],
  ['高梓涵', '罗嘉怡'],
];

/** Where nothing can be stored, since when it is is known as long as the page is open. */
let since = null;

/**
 * Since when the pair has the phones, by the server's time; also over a reload. `now` is that time at the
 * pair's first sight. A later beginning is of another server, whose days were further on.
 */
export function pairSince(now) {
  since ??= Number(recall('pair.since')) || now;
  since = Math.min(since, now);
  remember('pair.since', String(since));
  return since;
}

/** The pair that was looked at last; a reload changes nobody. */
export function pairInUse() {
  return nth(Number(recall('pair')) || 0);
}

/** Two who have not been here, from now on. */
export function nextPair(now) {
  const next = (Number(recall('pair')) || 0) + 1;
  remember('pair', String(next));
  since = now;
  remember('pair.since', String(now));
  return nth(next);
}

/** After the last pair the first come again, with numbers: they are other people. */
function nth(n) {
  const round = Math.floor(n / PAIRS.length);
  return PAIRS[n % PAIRS.length].map((name) => (round === 0 ? name : `${name}${round + 1}`));
}
