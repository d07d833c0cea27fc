// One WebSocket for a whole page: ticket, auth, subscriptions, pings, and coming back. The console's page and the
// first page have one each.

const PING_EVERY_MS = 25_000;
/** Under a clock that is moved by hand, how fast the page notices. */
const PING_MANUAL_MS = 1_000;
const SILENCE_MS_MAX = 10_000;
const CONNECT_MS_MAX = 8_000;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 15_000;
/** The server takes 256 of one socket. */
export const TOPICS_MAX = 256;

export type LinkState = { state: 'connecting' | 'live' | 'stopped' } | { state: 'waiting'; retryAt: number };

export interface Message {
  type: string;
  topic?: string;
  server_time?: string;
  reason?: string;
  event?: string;
  data?: unknown;
}

type Listener = (message: Message) => void;

export interface Parts {
  fetchTicket: () => Promise<string>;
  /** Told every instant that the server names; one that is moved by hand is asked for often. */
  clock: { observe: (serverTime: string) => void; manual?: boolean };
}

/**
 * Keeps a socket open and every subscription on it. After a loss it reconnects with growing,
 * jittered pauses and subscribes again; each topic then starts over with a snapshot, so nothing
 * that happened meanwhile is missed.
 */
export class Link {
  #state: LinkState['state'] = 'stopped';
  #parts: Parts;
  #topics = new Map<string, Set<Listener>>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #failures = 0;
  #timers: { retry?: number; connect?: number; ping?: number; silence?: number } = {};

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Hears of every change of the state. */
  protected became(now: LinkState): void {
    this.#state = now.state;
  }

  /** Hears of every answer to a ping, in the order of the pings. */
  protected ponged(): void {}

  /** A page that comes back to the front, or to the network, does not wait for its turn. */
  comeBackSoon(): void {
    addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.retryNow();
    });
  }

  /** The listener gets every snapshot, frame, event and error of the topic. Answers how to stop it. */
  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.#topics.get(topic);
    if (listeners) {
      listeners.add(listener);
      // The newcomer needs a snapshot of its own; asked again, the server sends one.
      this.#send({ type: 'subscribe', topic });
    } else {
      this.#topics.set(topic, new Set([listener]));
      if (this.#isLive()) this.#send({ type: 'subscribe', topic });
    }
    return () => this.#leave(topic, listener);
  }

  #leave(topic: string, listener: Listener): void {
    const listeners = this.#topics.get(topic);
    listeners?.delete(listener);
    if (listeners?.size === 0) {
      this.#topics.delete(topic);
      if (this.#isLive()) this.#send({ type: 'unsubscribe', topic });
    }
  }

  start(): void {
    if (this.#state === 'stopped') void this.#connect();
  }

  stop(): void {
    this.#drop();
    this.#failures = 0;
    this.became({ state: 'stopped' });
  }

  retryNow(): void {
    if (this.#state === 'waiting') void this.#connect();
    else if (this.#isLive()) this.ping();
  }

  async #connect(): Promise<void> {
    this.#drop();
    const attempt = this.#attempt;
    const current = (): boolean => attempt === this.#attempt;
    this.became({ state: 'connecting' });
    this.#timers.connect = setTimeout(() => current() && this.#lost(), CONNECT_MS_MAX);
    let ticket: string;
    try {
      ticket = await this.#parts.fetchTicket();
    } catch {
      if (current()) this.#lost();
      return;
    }
    if (!current()) return;
    const socket = new WebSocket(socketAddress());
    this.#socket = socket;
    socket.onopen = () => current() && this.#send({ type: 'auth', ticket });
    socket.onclose = () => current() && this.#lost();
    socket.onmessage = (event) => current() && this.#receive(String(event.data));
  }

  #receive(text: string): void {
    clearTimeout(this.#timers.silence);
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return;
    }
    if (message.server_time) this.#parts.clock.observe(message.server_time);
    if (message.type === 'ready') this.#ready();
    else if (message.type === 'pong') this.ponged();
    else if (message.topic) for (const listener of this.#topics.get(message.topic) ?? []) listener(message);
  }

  #ready(): void {
    clearTimeout(this.#timers.connect);
    this.#failures = 0;
    this.became({ state: 'live' });
    for (const topic of this.#topics.keys()) this.#send({ type: 'subscribe', topic });
    const every = this.#parts.clock.manual ? PING_MANUAL_MS : PING_EVERY_MS;
    this.#timers.ping = setInterval(() => this.ping(), every);
  }

  /** A peer that vanished closes nothing: only silence after a ping tells. */
  protected ping(): void {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#lost(), SILENCE_MS_MAX);
    this.#send({ type: 'ping' });
  }

  #lost(): void {
    this.#drop();
    const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#failures);
    // Half fixed, half random: after a restart not everybody returns at the same instant.
    const pause = ceiling / 2 + (Math.random() * ceiling) / 2;
    this.#failures += 1;
    this.#timers.retry = setTimeout(() => void this.#connect(), pause);
    this.became({ state: 'waiting', retryAt: Date.now() + pause });
  }

  #drop(): void {
    this.#attempt += 1;
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.connect);
    clearTimeout(this.#timers.silence);
    clearInterval(this.#timers.ping);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
    }
  }

  #isLive(): boolean {
    return this.#state === 'live';
  }

  #send(message: Record<string, string>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

function socketAddress(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/ws`;
}
