// Two languages, switched without a reload. Chinese is the product's own; texts that the product
// fixes word for word stand here as they are.

import { recall, remember } from './storage.js';
import { en } from './texts.en.js';
import { zh } from './texts.zh.js';

const LANGUAGES = { zh: { texts: zh, tag: 'zh-CN' }, en: { texts: en, tag: 'en' } };
const listeners = [];
let current = LANGUAGES[recall('language')] ? recall('language') : preferred();

/** The first of the browser's languages that this page speaks; English where it speaks none. */
function preferred() {
  const spoken = (navigator.languages ?? [navigator.language]).map((tag) => tag.toLowerCase().split('-')[0]);
  return spoken.find((name) => Object.hasOwn(LANGUAGES, name)) ?? 'en';
}

export const language = () => current;
export const languageTag = () => LANGUAGES[current].tag;

/** The text for a key with `{name}` filled in; `undefined` for a key that is not there. */
export function lookUp(key, values = {}) {
  return LANGUAGES[current].texts[key]?.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

export function t(key, values) {
  return lookUp(key, values) ?? key;
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function useLanguage(name) {
  current = name;
  remember('language', name);
  translatePage();
  for (const listener of listeners) listener();
}

/** Fills in everything that index.html marks with `data-i18n` or `data-i18n-label`. */
export function translatePage() {
  document.documentElement.lang = languageTag();
  document.title = t('title');
  for (const element of document.querySelectorAll('[data-i18n]')) element.textContent = element.dataset.i18n && t(element.dataset.i18n);
  for (const element of document.querySelectorAll('[data-i18n-label]')) element.setAttribute('aria-label', t(element.dataset.i18nLabel));
}
