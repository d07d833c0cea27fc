// Reading something for a page: loading, there, or failed; read anew whenever it may be stale.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { live } from './live.ts';

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

/**
 * Reads with `read`, again when `about` changes or the connection comes back. What was read stays
 * on the page until the next answer, unless it was about something else.
 */
export function useLoad<T>(about: string, read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ about: string; data: T | null; error: unknown; loading: boolean }>({
    about,
    data: null,
    error: null,
    loading: true,
  });
  const [again, setAgain] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  const generation = live.generation.value;
  useEffect(() => {
    const stop = new AbortController();
    setState((old) => (old.about === about ? { ...old, loading: true } : { about, data: null, error: null, loading: true }));
    latest.current(stop.signal).then(
      (data) => stop.signal.aborted || setState({ about, data, error: null, loading: false }),
      (error: unknown) => stop.signal.aborted || setState((old) => ({ ...old, error, loading: false })),
    );
    return () => stop.abort();
  }, [about, again, generation]);
  const reload = useCallback(() => setAgain((n) => n + 1), []);
  const fresh = state.about === about ? state : { data: null, error: null, loading: true };
  return { data: fresh.data, error: fresh.error, loading: fresh.loading, reload };
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
