// Reading the event log of a class: its end at once, the rest when it is asked for, and what is new
// whenever the class changed.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { api, PAGE_SIZE_MAX } from '../../lib/api.ts';
import type { HistoryItem, Page } from '../../lib/types.ts';

export interface History {
  items: readonly HistoryItem[];
  /** Whether the log begins earlier than what was read. */
  hasEarlier: boolean;
  loading: boolean;
  error: unknown;
  readEarlier: () => void;
  readAll: () => void;
  reload: () => void;
}

/** A page holds so many versions, each with all of its events. */
const pageOf = (version: number): number => Math.floor((version - 1) / PAGE_SIZE_MAX) + 1;

interface Read {
  items: HistoryItem[];
  /** The first page that was read; pages from there on are there. */
  first: number;
  version: number;
}

const NOTHING: Read = { items: [], first: 0, version: 0 };

export function useHistory(scheduleId: string, version: number): History {
  const [state, setState] = useState({ read: NOTHING, loading: true, error: null as unknown });
  const read = useRef(NOTHING);
  const queue = useRef(Promise.resolve());
  const [all, setAll] = useState(false);

  const page = useCallback(
    (number: number) =>
      api.get<Page<HistoryItem>>(`/schedules/${encodeURIComponent(scheduleId)}/history`, { page: number, page_size: PAGE_SIZE_MAX }),
    [scheduleId],
  );
  /** One after the other: a page that arrives late must not undo a newer one. */
  const work = useCallback((next: () => Promise<Read>): void => {
    setState((old) => ({ ...old, loading: true }));
    queue.current = queue.current.then(async () => {
      try {
        read.current = await next();
        setState({ read: read.current, loading: false, error: null });
      } catch (error) {
        setState((old) => ({ ...old, loading: false, error }));
      }
    });
  }, []);

  const catchUp = useCallback(() => {
    work(async () => {
      const known = read.current;
      // In a rush many are asked for; the one before may have read it already.
      if (known.version >= version && known.version > 0) return known;
      let items = known.items;
      const from = known.version > 0 ? pageOf(known.version) : pageOf(Math.max(1, version));
      let total = version;
      for (let number = from; number <= pageOf(Math.max(1, total)); number += 1) {
        const answer = await page(number);
        total = answer.total;
        const start = (number - 1) * PAGE_SIZE_MAX;
        items = [...items.filter((item) => item.version <= start), ...answer.items];
      }
      return { items, first: known.version > 0 ? known.first : from, version: items.at(-1)?.version ?? known.version };
    });
  }, [page, version, work]);

  const readEarlier = useCallback(() => {
    work(async () => {
      const known = read.current;
      if (known.first <= 1) return known;
      const answer = await page(known.first - 1);
      return { ...known, items: [...answer.items, ...known.items], first: known.first - 1 };
    });
  }, [page, work]);

  useEffect(() => {
    if (version > read.current.version) catchUp();
  }, [version, catchUp]);
  useEffect(() => {
    if (all && state.read.first > 1 && !state.loading && state.error === null) readEarlier();
  }, [all, state, readEarlier]);

  return {
    items: state.read.items,
    hasEarlier: state.read.first > 1,
    loading: state.loading,
    error: state.error,
    readEarlier,
    readAll: useCallback(() => setAll(true), []),
    reload: catchUp,
  };
}
