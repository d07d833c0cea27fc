// Whether an instant has come: asked each second, drawn anew only when the answer changes.

import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { now } from './clock.ts';

export function useHasCome(instant: string): boolean {
  return useMemo(() => computed(() => now.value >= Date.parse(instant)), [instant]).value;
}
