// What date it is at the school.

import { computed } from '@preact/signals';

import { now } from './clock.ts';
import { about } from './live.ts';
import { atOffset, offsetOf } from './time.ts';
import { zoneOffset } from './zone.ts';

/** The school's offset, as its server's instants carry it. */
export const offset = computed(() => (about.value ? offsetOf(about.value.server_time) : '+08:00'));

/** Like `2025-11-12`; changes at the school's midnight. */
export const today = computed(() => atOffset(now.value, offset.value).slice(0, 10));

/** The school's offset when its clocks show `2026-03-29T10:00`; that of now where the browser does not know its zone. */
export function offsetAt(wall: string): string {
  return zoneOffset(about.peek()?.zone, wall) ?? offset.peek();
}
