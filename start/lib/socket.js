// The first page's socket, which measures how long the way to the server and back takes.

import { Link } from '../../console/lib/link.ts';

/** Of this many round trips the shortest is shown: the others waited for something else. */
const ROUND_TRIPS = 5;
const AGAIN_MS = 1_000;

/** `onState` gets `{ state: 'connecting' | 'live' | 'waiting' | 'stopped', retryAt?, roundTripMs? }`. */
export class LiveSocket extends Link {
  #onState;
  #again = 0;
  /** When each ping that has no answer yet went out. */
  #pinged = [];
  #roundTrips = [];

  constructor({ fetchTicket, onState, clock }) {
    super({ fetchTicket, clock });
    this.#onState = onState;
    this.comeBackSoon();
  }

  became(now) {
    super.became(now);
    clearTimeout(this.#again);
    this.#pinged = [];
    this.#roundTrips = [];
    this.#onState(now);
    // At once: behind the subscriptions, which come next, it would wait for all their snapshots.
    if (now.state === 'live') this.ping();
  }

  ping() {
    this.#pinged.push(performance.now());
    super.ping();
  }

  ponged() {
    this.#roundTrips = [...this.#roundTrips, performance.now() - this.#pinged.shift()].slice(-ROUND_TRIPS);
    // While the page is still being drawn an answer waits in the browser: soon it is asked again.
    if (this.#roundTrips.length < ROUND_TRIPS) {
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.ping(), AGAIN_MS);
    }
    this.#onState({ state: 'live', roundTripMs: Math.min(...this.#roundTrips) });
  }
}
