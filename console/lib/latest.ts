// What a component was last drawn with, for whom it asks something of while it is drawn anew.

import { signal } from '@preact/signals';
import { useCallback, useLayoutEffect, useState } from 'preact/hooks';

/** Answers with the newest value; whoever calls it while rendering is drawn again when there is a newer one. */
export function useLatest<T>(value: T): () => T {
  const [latest] = useState(() => signal(value));
  useLayoutEffect(() => {
    latest.value = value;
  });
  return useCallback(() => latest.value, [latest]);
}
