// The roster as a table for spreadsheets.

import { csv, download, fileName } from '../../lib/csv.ts';
import { t, tWord } from '../../lib/i18n.ts';
import type { Roster } from '../../lib/types.ts';
import { toast } from '../../ui/toast.tsx';
import { statusText } from './rosters.ts';

export function exportRoster(roster: Roster): void {
  const { course_name, starts_at } = roster.schedule;
  download(fileName(course_name, starts_at.slice(0, 16).replace('T', ' '), t('roster.file')) + '.csv', rosterCsv(roster));
  toast(t(roster.complete ? 'done.export' : 'done.export.part', { n: roster.bookings.length }), { bad: !roster.complete });
}

export function rosterCsv({ bookings, schedule }: Roster): string {
  const header = [
    t('board.course'),
    t('ask.edit.start'),
    t('roster.no'),
    t('roster.name'),
    t('roster.state'),
    t('roster.fee'),
    t('roster.booked'),
    t('roster.notes'),
  ];
  return csv(
    header,
    bookings.map((booking) => [
      schedule.course_name,
      wall(schedule.starts_at),
      booking.booking_no,
      booking.nickname,
      statusText(booking),
      booking.final_price_fen > 0 ? `${booking.final_price_fen / 100} ${tWord('payment', booking.payment_status)}` : '',
      wall(booking.created_at),
      [booking.student_note, booking.teacher_note].filter(Boolean).join(' / '),
    ]),
  );
}

/** As spreadsheets read it: `2025-11-12 19:00`, on the school's wall clock. */
function wall(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
