// One WebSocket for the whole page: ticket, auth, subscriptions, pings, and coming back.

const PING_EVERY_MS = 25_000;
/** Of this many round trips the shortest is shown: the others waited for something else. */
const ROUND_TRIPS = 5;
const AGAIN_MS = 1_000;
const SILENCE_MS_MAX = 10_000;
const CONNECT_MS_MAX = 8_000;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 15_000;

/**
 * Keeps a socket open and every subscription on it. After a loss it reconnects with growing,
 * jittered pauses and subscribes again; each topic then starts over with a snapshot, so nothing
 * that happened meanwhile is missed.
 *
 * `onState` gets `{ state: 'connecting' | 'live' | 'waiting' | 'stopped', retryAt?, roundTripMs? }`.
 */
export class LiveSocket {
  #fetchTicket;
  #onState;
  #clock;
  #topics = new Map();
  #socket = null;
  #attempt = 0;
  #failures = 0;
  #timers = { retry: 0, connect: 0, ping: 0, again: 0, silence: 0 };
  #pingedAt = null;
  #roundTrips = [];
  state = 'stopped';

  constructor({ fetchTicket, onState, clock }) {
    this.#fetchTicket = fetchTicket;
    this.#onState = onState;
    this.#clock = clock;
    addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.retryNow();
    });
  }

  /** `onMessage` gets every snapshot, frame, event and error of the topic. */
  subscribe(topic, onMessage) {
    this.#topics.set(topic, onMessage);
    if (this.state === 'live') this.#send({ type: 'subscribe', topic });
  }

  unsubscribe(topic) {
    if (this.#topics.delete(topic) && this.state === 'live') this.#send({ type: 'unsubscribe', topic });
  }

  start() {
    if (this.state === 'stopped') this.#connect();
  }

  stop() {
    this.#drop();
    this.#failures = 0;
    this.#become('stopped');
  }

  retryNow() {
    if (this.state === 'waiting') this.#connect();
  }

  async #connect() {
    this.#drop();
    const attempt = this.#attempt;
    const current = () => attempt === this.#attempt;
    this.#become('connecting');
    this.#timers.connect = setTimeout(() => current() && this.#lost(), CONNECT_MS_MAX);
    let ticket;
    try {
      ticket = await this.#fetchTicket();
    } catch {
      if (current()) this.#lost();
      return;
    }
    if (!current()) return;
    const socket = new WebSocket(socketAddress());
    this.#socket = socket;
    socket.onopen = () => current() && this.#send({ type: 'auth', ticket });
    socket.onclose = () => current() && this.#lost();
    socket.onmessage = (event) => current() && this.#receive(event.data);
  }

  #receive(text) {
    clearTimeout(this.#timers.silence);
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.server_time) this.#clock.observe(message.server_time);
    if (message.type === 'ready') this.#ready();
    else if (message.type === 'pong') this.#become('live', { roundTripMs: this.#measure() });
    else this.#topics.get(message.topic)?.(message);
  }

  #ready() {
    clearTimeout(this.#timers.connect);
    this.#failures = 0;
    this.#become('live');
    this.#roundTrips = [];
    this.#pingedAt = null;
    // First: behind the subscriptions it would wait for all their snapshots.
    this.#ping();
    for (const topic of this.#topics.keys()) this.#send({ type: 'subscribe', topic });
    this.#timers.ping = setInterval(() => this.#ping(), PING_EVERY_MS);
  }

  /** A peer that vanished closes nothing: only silence after a ping tells. */
  #ping() {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#lost(), SILENCE_MS_MAX);
    // One at a time, so that every pong belongs to the ping it is measured by.
    if (this.#pingedAt !== null) return;
    this.#pingedAt = performance.now();
    this.#send({ type: 'ping' });
  }

  #measure() {
    this.#roundTrips = [...this.#roundTrips, performance.now() - this.#pingedAt].slice(-ROUND_TRIPS);
    this.#pingedAt = null;
    // While the page is still being drawn an answer waits in the browser: soon it is asked again.
    if (this.#roundTrips.length < ROUND_TRIPS) {
      clearTimeout(this.#timers.again);
      this.#timers.again = setTimeout(() => this.#ping(), AGAIN_MS);
    }
    return Math.min(...this.#roundTrips);
  }

  #lost() {
    this.#drop();
    const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#failures);
    // Half fixed, half random: after a restart not everybody returns at the same instant.
    const pause = ceiling / 2 + (Math.random() * ceiling) / 2;
    this.#failures += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), pause);
    this.#become('waiting', { retryAt: Date.now() + pause });
  }

  #drop() {
    this.#attempt += 1;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    clearInterval(this.#timers.ping);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
    }
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #become(state, details = {}) {
    this.state = state;
    this.#onState({ state, ...details });
  }
}

function socketAddress() {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/ws`;
}
