// One exchange with the server, without a session: also used to log in.

import { ApiError } from './errors.ts';

const ANSWER_WITHIN_MS = 20_000;

export interface Call {
  method: string;
  path: string;
  body?: unknown;
  token?: string | null;
  key?: string | undefined;
  language: string;
  signal?: AbortSignal | undefined;
  /** How long an answer is waited for. */
  withinMs?: number | undefined;
}

interface Envelope {
  data: unknown;
  message?: string;
  reason?: string;
  error?: string;
  request_id?: string;
}

export async function call<T>({ method, path, body, token, key, language, signal, withinMs = ANSWER_WITHIN_MS }: Call): Promise<{ data: T; message: string }> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language };
  if (token) headers['Authorization'] = `Bearer ${token}`;
  if (key) headers['Idempotency-Key'] = key;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const stop = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stop.abort();
  }, withinMs);
  const giveUp = (): void => stop.abort();
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) stop.abort();
  let response: Response;
  let answer: Envelope | null;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      signal: stop.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    answer = (await response.json().catch(() => null)) as Envelope | null;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ status: 0, reason: isLate ? 'late' : 'unreachable' });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
  if (response.ok && answer) return { data: answer.data as T, message: answer.message ?? '' };
  // An answer that was cut off tells as little as none.
  if (response.ok) throw new ApiError({ status: 0, reason: 'unreachable' });
  throw new ApiError({
    status: response.status,
    reason: answer?.reason ?? 'unknown',
    text: answer?.message ?? answer?.error ?? '',
    ...(answer?.request_id ? { requestId: answer.request_id } : {}),
    retryAfterMs: Number(response.headers.get('Retry-After') ?? 0) * 1000,
  });
}
