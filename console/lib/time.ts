// How instants are shown: always the wall clock of the school, which instants carry in their
// offset, never this machine's.

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d))?.*?(Z|[+-]\d\d:\d\d)$/;
const DAY_MS = 86_400_000;

/** The wall clock where the class is held, like `19:00`. */
export function wallTime(instant: string): string {
  return INSTANT.exec(instant)?.[2] ?? '';
}

/** With seconds, like `19:00:07`. */
export function wallSecond(instant: string): string {
  const parts = INSTANT.exec(instant);
  return parts ? `${parts[2]}:${parts[3] ?? '00'}` : '';
}

/** The date where the class is held, like `2025-11-12`. */
export function wallDate(instant: string): string {
  return INSTANT.exec(instant)?.[1] ?? '';
}

/** The offset of an instant, like `+08:00`. */
export function offsetOf(instant: string): string {
  const offset = INSTANT.exec(instant)?.[4] ?? 'Z';
  return offset === 'Z' ? '+00:00' : offset;
}

/** An instant in milliseconds since 1970 as RFC 3339 at an offset like `+08:00`. */
export function atOffset(milliseconds: number, offset: string): string {
  const parts = /^([+-])(\d\d):(\d\d)$/.exec(offset);
  const minutes = parts ? Number(parts[2]) * 60 + Number(parts[3]) : 0;
  const shifted = new Date(milliseconds + (parts?.[1] === '-' ? -minutes : minutes) * 60_000);
  return shifted.toISOString().replace('Z', offset);
}

/** So many days later, both dates like `2025-11-12`. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

/** 1 for Monday to 7 for Sunday. */
export function weekday(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
}

/** The Monday of a date's week. */
export function mondayOf(date: string): string {
  return addDays(date, 1 - weekday(date));
}

export function isDate(text: string | null | undefined): text is string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text ?? '') || Number.isNaN(Date.parse(`${text}T00:00:00Z`))) return false;
  // The 30th of February is read as the 2nd of March.
  return addDays(String(text), 0) === text;
}

/** `14:59`, or `1:02:03` above an hour. Rounded up, so that it shows 0:00 only when time is up. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
