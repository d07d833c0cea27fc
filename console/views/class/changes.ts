// What was changed of a class.

import { addDays } from '../../lib/time.ts';

export type Edited = Record<'date' | 'start' | 'end' | 'teacher' | 'place', string>;

/**
 * Only what was changed: each change is told to everybody concerned. A class that ends before it starts ends on
 * the next day. `offsetAt` knows the school's offset at a wall clock, which changes with summer time.
 */
export function changes(before: Edited, after: Edited, offsetAt: (wall: string) => string): Record<string, string> {
  const moved = before.date !== after.date || before.start !== after.start || before.end !== after.end;
  const endDate = after.end < after.start ? addDays(after.date, 1) : after.date;
  const instant = (date: string, time: string): string => `${date}T${time}:00${offsetAt(`${date}T${time}`)}`;
  return {
    ...(moved ? { starts_at: instant(after.date, after.start), ends_at: instant(endDate, after.end) } : {}),
    ...(before.teacher !== after.teacher ? { teacher_id: after.teacher } : {}),
    ...(before.place !== after.place ? { location: after.place } : {}),
  };
}
