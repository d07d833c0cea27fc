// Pages by the part of the address after `#`: a reload or a link to a colleague opens the same one.

import { computed, signal } from '@preact/signals';

export interface Place {
  /** Like `['classes', '01ABC']`. */
  path: string[];
  query: URLSearchParams;
}

const hash = signal(globalThis.location?.hash ?? '');

export function startRouting(): void {
  addEventListener('hashchange', () => {
    hash.value = location.hash;
  });
}

export const place = computed<Place>(() => parsePlace(hash.value));

export function parsePlace(text: string): Place {
  const [path = '', query = ''] = text.replace(/^#?\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decode);
  return { path: parts.length > 0 ? parts : ['board'], query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type Query = Record<string, string | null | undefined>;

/** The address of a page: `link(['classes', id])`. */
export function link(path: readonly string[], query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text && `?${text}`}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** Changes what the address says of this page, without a step in the browser's history. */
export function refine(change: Query): void {
  const { path, query } = place.peek();
  const next: Query = { ...Object.fromEntries(query), ...change };
  history.replaceState(history.state, '', link(path, next));
  hash.value = location.hash;
}
