// Weekdays times times until: the classes of a plan.

import { addDays, weekday } from '../../lib/time.ts';

export const CLASSES_MAX = 500;
export const DAYS_MAX = 366;

/** `09:00 14:30` as times, sorted and each once; null where one is none. */
export function timesOf(text: string): string[] | null {
  const words = text
    .split(/[\s,，、;；]+/)
    .filter(Boolean)
    .map((word) => word.replace('：', ':').replace(/^(\d):/, '0$1:'));
  if (words.length === 0 || words.some((word) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(word))) return null;
  return [...new Set(words)].sort();
}

/** Every start, in order, as instants; the school's offset at a wall clock changes with summer time. */
export function startsOf(
  from: string,
  until: string,
  weekdays: ReadonlySet<number>,
  times: readonly string[],
  offsetAt: (wall: string) => string,
): string[] {
  const starts: string[] = [];
  for (let date = from; date <= until; date = addDays(date, 1)) {
    if (!weekdays.has(weekday(date))) continue;
    for (const time of times) starts.push(`${date}T${time}:00.000${offsetAt(`${date}T${time}`)}`);
  }
  return starts;
}
