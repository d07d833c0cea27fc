// What was changed of a class.

import { addDays } from '../../lib/time.ts';

export type Edited = Record<'date' | 'start' | 'end' | 'teacher' | 'place', string>;

/** Only what was changed: each change is told to everybody concerned. A class that ends before it starts ends on the next day. */
export function changes(before: Edited, after: Edited, offset: string): Record<string, string> {
  const moved = before.date !== after.date || before.start !== after.start || before.end !== after.end;
  const endDate = after.end < after.start ? addDays(after.date, 1) : after.date;
  return {
    ...(moved ? { starts_at: `${after.date}T${after.start}:00${offset}`, ends_at: `${endDate}T${after.end}:00${offset}` } : {}),
    ...(before.teacher !== after.teacher ? { teacher_id: after.teacher } : {}),
    ...(before.place !== after.place ? { location: after.place } : {}),
  };
}
