// What can be chosen is read to its end, and what stands for nobody is offered only where it means nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { coachChoices } from '../../../console/views/schedule/coaches.ts';

const COACHES = [
  { id: 't1', name: '林老师' },
  { id: 't2', name: '周老师' },
];

test('whoever runs the school may leave the coach open', () => {
  const { choices, initial } = coachChoices(COACHES, null);
  assert.deepEqual(
    choices.map(({ value }) => value),
    ['', 't1', 't2'],
  );
  assert.equal(initial, '');
});

test('a coach who also runs the school plans for themself unless they name another', () => {
  const { choices, initial } = coachChoices(COACHES, 't2');
  assert.deepEqual(
    choices.map(({ value }) => value),
    ['t1', 't2'],
  );
  assert.equal(initial, 't2');
});
