// HTTP: one envelope, one kind of error, retries that cannot repeat an effect.

import { clock } from './clock.ts';
import { ApiError } from './errors.ts';
import { language } from './i18n.ts';
import { session } from './session.ts';
import { newRequestKey } from './tap.ts';
import { call } from './call.ts';
import type { Page } from './types.ts';

const RETRIES_MAX = 2;
const RETRY_WAIT_MS_MAX = 3_000;
export const PAGE_SIZE_MAX = 100;

type Query = Record<string, string | number | boolean | null | undefined>;

export interface Sending {
  /** The request key; a new one when left out. */
  key?: string;
  signal?: AbortSignal;
  /** For what takes longer than most. */
  withinMs?: number;
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
    send<T>('GET', path + asQuery(query), undefined, signal ? { signal } : {}),
  post: <T>(path: string, body: unknown = {}, how?: Sending): Promise<T> => send<T>('POST', path, body, how),
  put: <T>(path: string, body: unknown = {}, how?: Sending): Promise<T> => send<T>('PUT', path, body, how),
  patch: <T>(path: string, body: unknown = {}, how?: Sending): Promise<T> => send<T>('PATCH', path, body, how),
  delete: <T>(path: string, how?: Sending): Promise<T> => send<T>('DELETE', path, undefined, how),
};

/** `?a=1&b=2` of what has a value; nothing when nothing has. */
export function asQuery(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text && `?${text}`;
}

/** Every page of a list, one after the other; `onPage` sees what is there so far. */
export async function everyPage<T>(
  path: string,
  query: Query,
  onPage?: (items: T[], total: number) => void,
  signal?: AbortSignal,
): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await api.get<Page<T>>(path, { ...query, page, page_size: PAGE_SIZE_MAX }, signal);
    items.push(...answer.items);
    onPage?.(items, answer.total);
    if (answer.items.length === 0 || items.length >= answer.total) return items;
  }
}

/**
 * Sends a request as whoever is logged in. A change carries a request key, so that sending it again
 * after a lost answer has one effect. A login that ran out is renewed, if need be by asking for it:
 * what was asked for goes on afterwards.
 */
async function send<T>(method: string, path: string, body: unknown, { key, signal, withinMs }: Sending = {}): Promise<T> {
  const requestKey = method === 'GET' ? undefined : (key ?? newRequestKey());
  const whose = session.userId();
  let renewals = 0;
  for (let attempt = 0; ; attempt += 1) {
    // Meanwhile somebody else may have logged in: what one asked for is never sent in the name of another.
    if (session.userId() !== whose) throw new ApiError({ status: 401, reason: 'unauthorized' });
    const token = session.token();
    try {
      const { data } = await call<T>({ method, path, body, token, key: requestKey, language: language.peek(), signal, withinMs });
      observeTime(data);
      return data;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 && renewals < 2) {
        renewals += 1;
        attempt -= 1;
        await session.renew(token);
        continue;
      }
      const wait = waitBeforeRetry(error, attempt);
      if (wait === null) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** Only what may have been lost or is busy is tried again; null when not. */
export function waitBeforeRetry(error: ApiError, attempt: number): number | null {
  if (attempt >= RETRIES_MAX) return null;
  const passing = error.status === 0 || error.status === 503 || error.reason === 'request_in_progress';
  if (!passing || error.retryAfterMs > RETRY_WAIT_MS_MAX) return null;
  return Math.max(error.retryAfterMs, 250 * 2 ** attempt);
}

function observeTime(data: unknown): void {
  if (typeof data !== 'object' || data === null || !('server_time' in data)) return;
  if (typeof data.server_time === 'string') clock.observe(data.server_time);
}
