// The classes of some days: read, kept, and read anew now and then, because no topic tells of a
// class that was made or moved here from another day.

import { signal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useCallback, useEffect, useState } from 'preact/hooks';

import { everyPage } from '../../lib/api.ts';
import { connectionCount, useEvery, useWhenShown } from '../../lib/load.ts';
import { schedules } from '../../lib/schedules.ts';
import type { Slot } from '../../lib/types.ts';

const RENEW_MS = 60_000;

export interface Reading {
  ids: Signal<readonly string[]>;
  /** Null once everything was read at least once. */
  progress: { read: number; total: number } | null;
  error: unknown;
  reload: () => void;
}

export function useClasses(from: string, to: string): Reading {
  const [ids] = useState(() => signal<readonly string[]>([]));
  const [progress, setProgress] = useState<Reading['progress']>({ read: 0, total: 0 });
  const [error, setError] = useState<unknown>(null);
  const [again, setAgain] = useState(0);
  const [span, setSpan] = useState('');
  const key = `${from} ${to}`;
  const connection = connectionCount();
  useEffect(() => {
    const stop = new AbortController();
    const isFirst = span !== key;
    if (isFirst) {
      ids.value = [];
      setProgress({ read: 0, total: 0 });
      setSpan(key);
    }
    const take = (items: readonly Slot[]): void => {
      schedules.list(items);
      // A class that is made meanwhile moves the pages on, and another may come twice.
      ids.value = [...new Set(items.map((item) => item.id))];
    };
    const onPage = (items: readonly Slot[], total: number): void => {
      if (!isFirst || stop.signal.aborted) return;
      take(items);
      setProgress(items.length < total ? { read: items.length, total } : null);
    };
    everyPage<Slot>('/schedules', { from, to }, onPage, stop.signal).then(
      (items) => {
        if (stop.signal.aborted) return;
        take(items);
        schedules.keepOnly(new Set(ids.peek()));
        setProgress(null);
        setError(null);
      },
      (failure: unknown) => stop.signal.aborted || setError(failure),
    );
    return () => stop.abort();
  }, [key, again, connection]);
  const reload = useCallback(() => setAgain((n) => n + 1), []);
  useEvery(RENEW_MS, reload);
  useWhenShown(reload);
  return { ids, progress, error, reload };
}
