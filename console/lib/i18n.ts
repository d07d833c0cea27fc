// Two languages, switched without a reload. Each text stands beside its translation, so that none
// can be forgotten: the type of a table wants both.

import { signal } from '@preact/signals';

import { texts } from '../texts/index.ts';
import { fill } from './fill.ts';
import type { Values } from './fill.ts';
import { recall, remember } from './storage.ts';

export type Language = 'zh' | 'en';
export type TextKey = keyof typeof texts;

const TAGS: Record<Language, string> = { zh: 'zh-CN', en: 'en' };

export const language = signal<Language>(chosen());

/** What was chosen here before; else the first of the browser's languages that we speak. */
function chosen(): Language {
  const before = recall('language');
  if (before === 'zh' || before === 'en') return before;
  for (const tag of globalThis.navigator?.languages ?? []) {
    const name = tag.toLowerCase().split('-')[0];
    if (name === 'zh' || name === 'en') return name;
  }
  return 'zh';
}

export function useLanguage(name: Language): void {
  language.value = name;
  remember('language', name);
}

export const languageTag = (): string => TAGS[language.value];

/** The text of a key with `{name}` filled in. Whoever calls it while rendering follows the language. */
export function t(key: TextKey, values?: Values): string {
  return fill(texts[key][language.value === 'zh' ? 0 : 1], values);
}

/** A text whose key ends in a word of the server's; the word itself where there is none yet. */
export function tWord(group: string, word: string, values?: Values): string {
  const key = `${group}.${word}`;
  return isKey(key) ? t(key, values) : word;
}

export function isKey(key: string): key is TextKey {
  return Object.hasOwn(texts, key);
}
