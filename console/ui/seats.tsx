import { t } from '../lib/i18n.ts';
import type { ScheduleBody } from '../lib/types.ts';

/** Seats as a bar: taken, held, promised to the queue, free. */
export function SeatBar({ slot }: { slot: ScheduleBody }) {
  const { capacity, seats_taken, seats_held, seats_offered, seats_left } = slot;
  const part = (seats: number): string => `${(100 * seats) / Math.max(1, capacity)}%`;
  const label = t('seats.label', { capacity, taken: seats_taken, held: seats_held, offered: seats_offered, left: seats_left });
  return (
    <span class="seatbar" role="img" aria-label={label} title={label}>
      <span class="seatbar__part seatbar__part--taken" style={{ width: part(seats_taken) }} />
      <span class="seatbar__part seatbar__part--held" style={{ width: part(seats_held) }} />
      <span class="seatbar__part seatbar__part--offered" style={{ width: part(seats_offered) }} />
    </span>
  );
}
