// What time it is at the server, and how instants are shown.

const SAMPLE_LIFE_MS = 3 * 60_000;
const SAMPLES_MAX = 64;

/**
 * Estimates the server's clock from the `server_time` of whatever arrives anyway. Every sample is
 * late by its way here and never early, so the largest recent offset is the best one.
 */
export class ServerClock {
  #samples = [];

  observe(serverTime, receivedAt = Date.now()) {
    const instant = Date.parse(serverTime);
    if (Number.isNaN(instant)) return;
    const fresh = this.#samples.filter((sample) => Math.abs(receivedAt - sample.receivedAt) < SAMPLE_LIFE_MS);
    fresh.push({ receivedAt, offset: instant - receivedAt });
    this.#samples = fresh.slice(-SAMPLES_MAX);
  }

  /** The server's time in milliseconds since 1970, as well as it is known. */
  now() {
    if (this.#samples.length === 0) return Date.now();
    return Date.now() + Math.max(...this.#samples.map((sample) => sample.offset));
  }
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?.*?(Z|[+-]\d\d:\d\d)$/;

/** The wall clock where the class is held: instants carry the org's own offset. */
export function wallTime(instant) {
  return INSTANT.exec(instant)?.[2] ?? '';
}

/** The date where the class is held, like `2025-11-12`. */
export function wallDate(instant) {
  return INSTANT.exec(instant)?.[1] ?? '';
}

/** The day after a date, both like `2025-11-12`. */
export function dayAfter(date) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
