// Reading something for a page: loading, there, or failed; read anew whenever it may be stale.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { live } from './live.ts';
import { expired } from './session.ts';

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

interface State<T> {
  about: string;
  data: T | null;
  error: unknown;
  loading: boolean;
}

/**
 * Reads with `read`: again when `about` changes, when the connection comes back, and when the page
 * comes to the front. What was read stays on the page until the next answer, unless it was about
 * something else.
 */
export function useLoad<T>(about: string, read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<State<T>>({ about, data: null, error: null, loading: true });
  const [again, setAgain] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  const order = useRef({ about: '', stop: new AbortController(), asked: 0, shown: 0 });
  const connection = connectionCount();
  useEffect(() => {
    const own = order.current;
    if (own.about !== about) {
      own.stop.abort();
      order.current = { about, stop: new AbortController(), asked: 0, shown: 0 };
      setState({ about, data: null, error: null, loading: true });
    }
    void ask(order.current);
  }, [about, again, connection]);
  useEffect(() => () => order.current.stop.abort(), []);
  const reload = useCallback(() => setAgain((n) => n + 1), []);
  useWhenShown(reload);
  const fresh = state.about === about ? state : { data: null, error: null, loading: true };
  return { data: fresh.data, error: fresh.error, loading: fresh.loading, reload };

  /** Several may be on their way. A slow one is not given up for the next, or in a rush none would ever arrive. */
  async function ask(own: typeof order.current): Promise<void> {
    own.asked += 1;
    const number = own.asked;
    setState((old) => ({ ...old, loading: true }));
    let next: Partial<State<T>>;
    try {
      next = { data: await latest.current(own.stop.signal), error: null };
    } catch (error) {
      next = { error };
    }
    if (own.stop.signal.aborted || number < own.shown) return;
    own.shown = number;
    setState((old) => ({ ...old, ...next, loading: number < own.asked }));
  }
}

/** The first connection is no reason to read again what was just read. */
export function connectionCount(): number {
  return Math.max(1, live.generation.value);
}

/** Calls back whenever the page comes to the front: nobody looked, and nothing was read meanwhile. */
export function useWhenShown(work: () => void): void {
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === 'visible') work();
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [work]);
}

/** Calls `work` now and then while somebody looks: for what no topic tells. */
export function useEvery(everyMs: number, work: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => {
      // Whatever is asked for while the login has run out waits for it: all of it would be sent at once.
      if (document.visibilityState === 'visible' && !expired.peek()) work();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, work]);
}

/** Calls the latest `work` at most once in `everyMs`, and once more when it was asked for meanwhile. */
export function useThrottled(work: () => void, everyMs: number): () => void {
  const latest = useRef(work);
  latest.current = work;
  const state = useRef({ timer: 0, asked: false });
  useEffect(() => () => clearTimeout(state.current.timer), []);
  return useCallback(() => {
    const own = state.current;
    if (own.timer) {
      own.asked = true;
      return;
    }
    const go = (): void => {
      own.asked = false;
      latest.current();
      own.timer = setTimeout(() => {
        own.timer = 0;
        if (own.asked) go();
      }, everyMs);
    };
    go();
  }, [everyMs]);
}
