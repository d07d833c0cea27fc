// The socket: subscriptions, coming back, and noticing that nobody is there.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import FakeTimers from '@sinonjs/fake-timers';

import { ServerClock } from '../../../console/lib/clock.ts';
import { LiveSocket } from '../../../console/lib/socket.ts';
import type { Message } from '../../../console/lib/link.ts';

class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = 0;
  said: Record<string, string>[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;

  constructor(readonly address: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  hears(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}
Object.assign(globalThis, { location: { protocol: 'https:', host: 'x' } });
globalThis.WebSocket = FakeSocket as unknown as typeof WebSocket;

let timers: FakeTimers.InstalledClock;
let clock: ServerClock;
let live: LiveSocket;
let tickets: number;

const socket = (): FakeSocket => FakeSocket.made.at(-1)!;
const said = (type: string): (string | undefined)[] =>
  socket()
    .said.filter((one) => one['type'] === type)
    .map((one) => one['topic']);

async function connect(): Promise<void> {
  await timers.tickAsync(0);
  socket().opens();
  socket().hears({ type: 'ready', server_time: '2025-11-12T12:00:00.000+08:00' });
}

beforeEach(() => {
  timers = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  FakeSocket.made = [];
  tickets = 0;
  clock = new ServerClock();
  live = new LiveSocket({ fetchTicket: async () => `ticket-${(tickets += 1)}`, clock });
});
afterEach(() => {
  live.stop();
  timers.uninstall();
});

test('it says who it is first, then subscribes all that is wanted', async () => {
  live.subscribe('schedule:1', () => undefined);
  live.start();
  await connect();
  assert.deepEqual(socket().said[0], { type: 'auth', ticket: 'ticket-1' });
  assert.deepEqual(said('subscribe'), ['schedule:1']);
  live.subscribe('schedule:2', () => undefined);
  assert.deepEqual(said('subscribe'), ['schedule:1', 'schedule:2']);
  assert.equal(live.state.value.state, 'live');
});

test('a topic with two listeners is left with the last of them', async () => {
  live.start();
  await connect();
  const heard: string[] = [];
  const one = live.subscribe('schedule:1', (message: Message) => heard.push(`one ${message.type}`));
  const two = live.subscribe('schedule:1', (message: Message) => heard.push(`two ${message.type}`));
  one();
  assert.deepEqual(said('unsubscribe'), []);
  socket().hears({ type: 'frame', topic: 'schedule:1' });
  assert.deepEqual(heard, ['two frame']);
  two();
  assert.deepEqual(said('unsubscribe'), ['schedule:1']);
});

test('after a loss it comes back with another ticket, subscribes again, and says that lists are old', async () => {
  live.subscribe('schedule:1', () => undefined);
  live.start();
  await connect();
  assert.equal(live.generation.value, 1);
  socket().onclose?.();
  assert.equal(live.state.value.state, 'waiting');
  await timers.tickAsync(500);
  await connect();
  assert.equal(tickets, 2);
  assert.deepEqual(said('subscribe'), ['schedule:1']);
  assert.equal(live.generation.value, 2);
});

test('pauses grow, and never beyond fifteen seconds', async () => {
  live.start();
  await timers.tickAsync(0);
  for (let loss = 0; loss < 8; loss += 1) {
    socket().onclose?.();
    const state = live.state.value;
    assert.equal(state.state, 'waiting');
    const pause = state.state === 'waiting' ? state.retryAt - Date.now() : 0;
    const ceiling = Math.min(15_000, 500 * 2 ** loss);
    assert.ok(pause >= ceiling / 2 && pause <= ceiling, `${pause} of ${ceiling}`);
    await timers.tickAsync(pause);
  }
});

test('a peer that vanished without a word is noticed by its silence', async () => {
  live.start();
  await connect();
  await timers.tickAsync(25_000);
  assert.equal(said('ping').length, 1);
  socket().hears({ type: 'pong', server_time: '2025-11-12T12:00:25.000+08:00' });
  await timers.tickAsync(25_000);
  await timers.tickAsync(10_000);
  assert.notEqual(live.state.value.state, 'live');
});

test('a clock that is moved by hand is asked for every second', async () => {
  clock.manual = true;
  live.start();
  await connect();
  await timers.tickAsync(3_000);
  assert.equal(said('ping').length, 3);
  socket().hears({ type: 'pong', server_time: '2025-11-12T12:10:00.000+08:00' });
  assert.equal(clock.now(), Date.parse('2025-11-12T12:10:00.000+08:00'));
});

test('whoever stops while the ticket is on its way is not connected by it', async () => {
  live.start();
  live.stop();
  await timers.tickAsync(0);
  assert.equal(FakeSocket.made.length, 0);
  assert.equal(live.state.value.state, 'stopped');
});

test('what is no message is ignored', async () => {
  live.start();
  await connect();
  socket().onmessage?.({ data: 'nonsense' });
  socket().hears({ type: 'frame' });
  assert.equal(live.state.value.state, 'live');
});
