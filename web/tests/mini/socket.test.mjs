import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../../unit/render.mjs';
import { app, fakeServer, LOGIN, refusal, settle } from './server.mjs';

const NOW = '2025-11-12T12:30:00.000+08:00';
const READY = { type: 'ready', server_time: NOW };
const frame = (version, change = {}) => ({ type: 'frame', topic: 'schedule:c1', epoch: 1, version, server_time: NOW, data: { version }, ...change });

async function connected(routes) {
  const server = fakeServer(routes);
  const loaded = load(await app(), 'utils/socket', { wx: server.wx, now: NOW });
  loaded.mp.wx.setStorageSync('login', LOGIN);
  await loaded.mp.modules.load('utils/session').start();
  const socket = loaded.exports;
  socket.open();
  await settle();
  return { ...loaded, socket, server, latest: () => server.sockets.at(-1) };
}

/** Goes through the greeting. */
function greet(line) {
  line.open();
  line.tell(READY);
}

test('one socket: topics are counted, and dropped with their last listener', async () => {
  const { socket, latest, close } = await connected();
  greet(latest());
  const offs = [socket.listen('schedule:c1', {}, 's1'), socket.listen('schedule:c1', {}, 's1')];
  offs[0]();
  assert.deepEqual(latest().sent, [{ type: 'auth', ticket: 'k' }, { type: 'subscribe', topic: 'schedule:c1', student_id: 's1' }]);
  offs[1]();
  assert.deepEqual(latest().sent.at(-1), { type: 'unsubscribe', topic: 'schedule:c1' });
  close();
});

test('versions never go back, over a reconnection too', async () => {
  const { socket, server, clock, latest, close } = await connected();
  const seen = [];
  socket.listen('schedule:c1', { onState: ({ epoch, version }) => seen.push(`${epoch}.${version}`) }, 's1');
  greet(latest());
  latest().tell(frame(7, { type: 'snapshot' }));
  latest().tell(frame(9));
  latest().tell(frame(8));
  latest().tell(frame(9));
  latest().drop();
  clock.tick(20_000);
  await settle();
  assert.equal(server.sockets.length, 2);
  greet(latest());
  assert.deepEqual(latest().sent.at(-1), { type: 'subscribe', topic: 'schedule:c1', student_id: 's1' });
  latest().tell(frame(6, { type: 'snapshot' }));
  latest().tell(frame(1, { type: 'snapshot', epoch: 2 }));
  assert.deepEqual(seen, ['1.7', '1.9', '2.1']);
  close();
});

test('what an old socket still says is not heard', async () => {
  const { socket, server, clock, close } = await connected();
  const seen = [];
  socket.listen('schedule:c1', { onState: ({ version }) => seen.push(version) }, 's1');
  const [old] = server.sockets;
  greet(old);
  old.drop();
  clock.tick(20_000);
  await settle();
  old.tell(frame(99));
  assert.deepEqual(seen, []);
  close();
});

test('a peer that answers no ping is given up, and the pause grows while nobody answers', async () => {
  const { socket, server, clock, latest, close } = await connected();
  greet(latest());
  clock.tick(25_000);
  assert.deepEqual(latest().sent.at(-1), { type: 'ping' });
  latest().tell({ type: 'pong', server_time: NOW });
  clock.tick(25_000);
  assert.equal(socket.link(), 'live');
  clock.tick(10_000);
  assert.equal(socket.link(), 'waiting');
  server.table['POST /ws/ticket'] = () => refusal(503, 'unavailable');
  const tickets = () => server.requests.filter(({ path }) => path === '/ws/ticket').length;
  const before = tickets();
  for (let i = 0; i < 60; i += 1) { clock.tick(1000); await settle(3); }
  const tried = tickets() - before;
  assert.ok(tried >= 5 && tried <= 14, `${tried} tries in a minute`);
  close();
});

test('a standing clock is asked for every second', async () => {
  const { mp, socket, clock, latest, close } = await connected();
  greet(latest());
  mp.modules.load('utils/clock').setStanding(true);
  socket.pace();
  clock.tick(3000);
  assert.equal(latest().sent.filter(({ type }) => type === 'ping').length, 3);
  close();
});

test('without a login nothing is tried again; with one it connects at once', async () => {
  const { socket, server, clock, close } = await connected({
    'POST /ws/ticket': () => refusal(401, 'token_expired'), 'POST /token/refresh': () => refusal(401, 'unauthorized'),
  });
  const before = server.requests.length;
  clock.tick(60_000);
  await settle();
  assert.equal(server.requests.length, before);
  assert.equal(socket.link(), 'waiting');
  close();
});
