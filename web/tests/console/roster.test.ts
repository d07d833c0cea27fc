// The roster: what it says of somebody, and that nothing is counted in a part of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Roster, RosterBooking } from '../../../console/lib/types.ts';
import { rosterCsv } from '../../../console/views/class/export.ts';
import { countOf, liveBookings, statusText } from '../../../console/views/class/rosters.ts';

const booking = (part: Partial<RosterBooking>): RosterBooking =>
  ({
    booking_no: 'BK20251112-000001',
    nickname: '小林',
    status: 'confirmed',
    payment_status: 'paid',
    final_price_fen: 8800,
    created_at: '2025-11-12T09:00:00.000+08:00',
    student_note: null,
    teacher_note: null,
    ...part,
  }) as RosterBooking;

const roster = (complete: boolean, ...bookings: RosterBooking[]): Roster =>
  ({ schedule: { course_name: '书法入门', starts_at: '2025-11-12T19:00:00.000+08:00' }, bookings, complete }) as Roster;

const isPaid = ({ payment_status }: RosterBooking): boolean => payment_status === 'paid';

test('those who are booked are counted, and nobody in a roster that was cut', () => {
  const all = [booking({}), booking({ payment_status: 'unpaid' }), booking({ status: 'cancelled' })];
  assert.equal(liveBookings(roster(true, ...all)).length, 2);
  assert.equal(countOf(roster(true, ...all), isPaid), 1);
  assert.equal(countOf(roster(false, ...all), isPaid), null);
});

test('a booking whose fee is due is called the same on the page and in the table', () => {
  const unpaid = booking({ status: 'pending', payment_status: 'unpaid' });
  assert.equal(statusText(unpaid), '待支付');
  assert.match(rosterCsv(roster(true, unpaid)), /,待支付,/);
  assert.doesNotMatch(rosterCsv(roster(true, unpaid)), /待老师确认/);
});
