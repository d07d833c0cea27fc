// The first page's socket: the one of the console, which also says how long the way to the server takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveSocket } from '../../../start/lib/socket.js';

class FakeSocket {
  static OPEN = 1;
  static last = null;
  readyState = 1;
  said = [];

  constructor() {
    FakeSocket.last = this;
  }

  send(text) {
    this.said.push(JSON.parse(text));
  }

  close() {}

  hears(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

test('it pings before it subscribes, measures each ping by its own answer, and shows the shortest', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  Object.assign(globalThis, { WebSocket: FakeSocket, addEventListener() {}, document: { addEventListener() {} }, location: { protocol: 'http:', host: 'x' } });
  const states = [];
  const heard = [];
  const live = new LiveSocket({ fetchTicket: async () => 'ticket', onState: (state) => states.push(state), clock: { observe() {} } });
  const leave = live.subscribe('schedule:1', (message) => heard.push(message.type));
  live.start();
  await new Promise((resolve) => { setImmediate(resolve); });
  const socket = FakeSocket.last;
  socket.hears({ type: 'ready' });
  assert.deepEqual(socket.said.map(({ type }) => type), ['ping', 'subscribe']);
  now = 40;
  socket.hears({ type: 'pong' });
  assert.deepEqual(states.at(-1), { state: 'live', roundTripMs: 40 });
  t.mock.timers.tick(1_000);
  // The page comes to the front before the answer is there: two are on their way.
  live.retryNow();
  now = 52;
  socket.hears({ type: 'pong' });
  assert.deepEqual(states.at(-1), { state: 'live', roundTripMs: 12 });
  now = 70;
  socket.hears({ type: 'pong' });
  assert.deepEqual(states.at(-1), { state: 'live', roundTripMs: 12 });
  socket.hears({ type: 'frame', topic: 'schedule:1' });
  leave();
  socket.hears({ type: 'frame', topic: 'schedule:1' });
  assert.deepEqual(heard, ['frame']);
  assert.equal(socket.said.at(-1).type, 'unsubscribe');
  live.stop();
});
