// A list, page by page; which page and which filters stand in the address.

import { api } from './api.ts';
import { useEvery, useLoad } from './load.ts';
import type { Loaded } from './load.ts';
import { place, refine } from './router.ts';
import type { Page } from './types.ts';

const PAGE_SIZE = 50;
const RENEW_MS = 15_000;

export interface Paged<T> extends Loaded<Page<T>> {
  onPage: (page: number) => void;
}

export function usePaged<T>(path: string, filters: Record<string, string>): Paged<T> {
  const page = Math.max(1, Number(place.value.query.get('page')) || 1);
  const query = { ...filters, page, page_size: PAGE_SIZE };
  const loaded = useLoad(`${path} ${JSON.stringify(query)}`, (signal) => api.get<Page<T>>(path, query, signal));
  useEvery(RENEW_MS, loaded.reload);
  return { ...loaded, onPage: (next) => refine({ page: next > 1 ? String(next) : null }) };
}

/** Changes filters, and begins at their first page. */
export function filter(change: Record<string, string | null>): void {
  refine({ ...change, page: null });
}

export function chosen(name: string): string {
  return place.value.query.get(name) ?? '';
}
