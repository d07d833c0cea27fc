// What time it is at the server. Countdowns run on it, whatever this machine's clock says.

import { signal } from '@preact/signals';

const SAMPLE_LIFE_MS = 3 * 60_000;
const SAMPLES_MAX = 64;

interface Sample {
  receivedAt: number;
  offset: number;
}

/**
 * Estimates the server's clock from the `server_time` of whatever arrives anyway. Every sample is
 * late by its way here and never early, so the largest recent offset is the best one. A manual
 * clock stands at the latest instant that the server told.
 */
export class ServerClock {
  #samples: Sample[] = [];
  #last = 0;
  manual = false;

  observe(serverTime: string, receivedAt = Date.now()): void {
    const instant = Date.parse(serverTime);
    if (Number.isNaN(instant)) return;
    this.#last = Math.max(this.#last, instant);
    const fresh = this.#samples.filter((sample) => Math.abs(receivedAt - sample.receivedAt) < SAMPLE_LIFE_MS);
    fresh.push({ receivedAt, offset: instant - receivedAt });
    this.#samples = fresh.slice(-SAMPLES_MAX);
  }

  /** The server's time in milliseconds since 1970, as well as it is known. */
  now(localNow = Date.now()): number {
    if (this.manual && this.#last > 0) return this.#last;
    if (this.#samples.length === 0) return localNow;
    return localNow + Math.max(...this.#samples.map((sample) => sample.offset));
  }
}

export const clock = new ServerClock();

/** The server's time, renewed four times a second: what reads it while rendering counts down. */
export const now = signal(clock.now());

const TICK_MS = 250;

/** Moves `now` on. Whole seconds are all that is shown, so nothing is drawn more often than that. */
export function startTicking(): void {
  setInterval(tick, TICK_MS);
}

export function tick(): void {
  const instant = clock.now();
  if (Math.floor(instant / 1000) !== Math.floor(now.peek() / 1000)) now.value = instant;
}
