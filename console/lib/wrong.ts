// What can be wrong with something typed, in words.

import { fenOf } from './format.ts';
import { t } from './i18n.ts';

export function wrongNumber(text: string, min: number, max: number, mayBeEmpty = false): string | undefined {
  if (text.trim() === '' && mayBeEmpty) return undefined;
  const isWhole = /^-?\d+$/.test(text.trim());
  return isWhole && Number(text) >= min && Number(text) <= max ? undefined : t('wrong.number', { min, max });
}

export function wrongText(text: string, max: number, mayBeEmpty = false): string | undefined {
  if (text.trim() === '' && !mayBeEmpty) return t('wrong.empty');
  return [...text].length > max ? t('wrong.long', { max }) : undefined;
}

export function wrongMoney(text: string): string | undefined {
  const fen = fenOf(text);
  return fen === null || fen < 0 ? t('wrong.money') : undefined;
}

/** Without the fields that are well. */
export function problems<K extends string>(all: Partial<Record<K, string | undefined>>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(all).filter(([, problem]) => problem)) as Partial<Record<K, string>>;
}
