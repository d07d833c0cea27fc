// Numbers, money, names and dates in words.

import { language, languageTag, t } from './i18n.ts';
import { addDays, wallDate, wallTime, weekday } from './time.ts';
import { today } from './today.ts';

/** `¥180` or `¥180.50`. */
export function yuan(fen: number): string {
  const text = fen % 100 === 0 ? String(fen / 100) : (fen / 100).toFixed(2);
  return `¥${text}`;
}

/** `25.5` as fen; null for what is no amount. */
export function fenOf(text: string): number | null {
  if (!/^-?\d{1,7}(\.\d{1,2})?$/.test(text.trim())) return null;
  return Math.round(Number(text) * 100);
}

/** `11月12日`, in English `Nov 12`. */
export function monthDayText(date: string): string {
  const parts: Intl.DateTimeFormatOptions = { month: language.value === 'zh' ? 'long' : 'short', day: 'numeric', timeZone: 'UTC' };
  return new Intl.DateTimeFormat(languageTag(), parts).format(new Date(`${date}T00:00:00Z`));
}

/** `11月12日 周三`, in English `Wed Nov 12`. */
export function dateText(date: string): string {
  const name = weekdayName(weekday(date));
  return language.value === 'zh' ? `${monthDayText(date)} ${name}` : `${name} ${monthDayText(date)}`;
}

/** 1 is Monday. */
export function weekdayName(number: number): string {
  const monday = Date.UTC(2024, 0, 1);
  return new Intl.DateTimeFormat(languageTag(), { weekday: 'short', timeZone: 'UTC' }).format(monday + (number - 1) * 86_400_000);
}

/** The day as people say it near today. */
export function dayText(date: string): string {
  if (date === today.value) return t('day.today');
  if (date === addDays(today.value, 1)) return t('day.tomorrow');
  if (date === addDays(today.value, -1)) return t('day.yesterday');
  return dateText(date);
}

/** `今天 19:00`. */
export function whenText(instant: string): string {
  return `${dayText(wallDate(instant))} ${wallTime(instant)}`;
}

/** `今天 19:00–21:00`. */
export function spanText(startsAt: string, endsAt: string): string {
  return `${whenText(startsAt)}–${wallTime(endsAt)}`;
}

export function count(number: number): string {
  return new Intl.NumberFormat(languageTag()).format(number);
}

export function percent(part: number): string {
  return new Intl.NumberFormat(languageTag(), { style: 'percent', maximumFractionDigits: 1 }).format(part);
}
