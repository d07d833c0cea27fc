// What a roster says.

import { t } from '../../lib/i18n.ts';
import type { Roster, RosterBooking } from '../../lib/types.ts';

/** Those that are booked and not cancelled. */
export function liveBookings({ bookings }: Roster): RosterBooking[] {
  return bookings.filter(({ status }) => status !== 'cancelled');
}

/** How many of them fit; null where the roster is too long to be there in full, and nobody can count. */
export function countOf(roster: Roster, fits: (booking: RosterBooking) => boolean): number | null {
  return roster.complete ? liveBookings(roster).filter(fits).length : null;
}

export function isUnpaid({ status, payment_status }: RosterBooking): boolean {
  return status === 'pending' && payment_status === 'unpaid';
}

export function statusText(booking: RosterBooking): string {
  return isUnpaid(booking) ? t('booking.unpaid') : t(`booking.${booking.status}`);
}
