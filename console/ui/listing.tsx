// A page of a list in whatever state it is.

import type { ComponentChildren } from 'preact';

import type { Paged } from '../lib/paged.ts';
import { ErrorState, Skeleton } from './feedback.tsx';
import { Pager } from './pager.tsx';

interface Props<T> {
  list: Paged<T>;
  empty: ComponentChildren;
  children: (items: readonly T[]) => ComponentChildren;
}

export function Listing<T>({ list: { data, error, reload, onPage }, empty, children }: Props<T>) {
  if (!data) return error ? <ErrorState error={error} retry={reload} /> : <Skeleton rows={8} />;
  if (data.items.length === 0 && data.page === 1) return <>{empty}</>;
  return (
    <>
      {error !== null && <ErrorState error={error} retry={reload} />}
      <div class="table-box">{children(data.items)}</div>
      <Pager page={data.page} pageSize={data.page_size} total={data.total} onPage={onPage} />
    </>
  );
}
