import assert from 'node:assert/strict';
import test from 'node:test';
import { load, render } from '../../unit/render.mjs';
import { app, fakeServer, LOGIN, OFFER, refusal, schedule, settle, silence } from './server.mjs';

const NOW = '2025-11-12T12:30:00.000+08:00';
const LATER = { ...OFFER, id: 'o2', deadline: '2025-11-12T12:50:00.000+08:00' };
const row = (change = {}) => ({ schedule_id: 'c1', waitlist_id: 'w1', student_id: 's1', position: 2, status: 'waiting', offer: null, ...change });
const ENTRY = { id: 'w1', waitlist_id: 'w1', course_name: '书法入门', starts_at: '2025-11-12T19:00:00.000+08:00', position: 2, status: 'waiting', student_id: 's1', schedule_id: 'c1' };
const PLACE = { waitlistId: 'w1', scheduleId: 'c1', offer: OFFER, courseName: '书法入门', startsAt: ENTRY.starts_at, nickname: '林小雨' };

/** What the `me` topic says, as the socket hands it on. */
function script(modules) {
  let told;
  modules('utils/socket').listen = (name, listener) => { told = listener; return () => {}; };
  modules('utils/socket').refresh = () => {};
  const event = (name, data, id = `${name}:${data.offer_id ?? data.position}`) => told.onEvent({ event: name, id, data: { schedule_id: 'c1', waitlist_id: 'w1', ...data } });
  return { snapshot: (...rows) => told.onState({ data: { waitlist: rows } }), event };
}

async function offersWith(routes = { 'GET /waitlist/w1': () => ENTRY }) {
  const server = fakeServer(routes);
  const loaded = load(await app(), 'utils/session', { wx: server.wx, now: NOW });
  loaded.mp.wx.setStorageSync('login', LOGIN);
  await loaded.exports.start();
  const modules = (name) => loaded.mp.modules.load(name);
  modules('utils/clock').observe(NOW);
  const me = script(modules);
  const offers = modules('utils/offers');
  offers.start();
  /** Those that can be confirmed. */
  const live = () => offers.places().filter(({ offer }) => offer);
  return { ...loaded, offers, live, me, server };
}

test('an event is shown before the snapshot that follows it; of two offers the earlier deadline counts', async () => {
  const { offers, live, me, close } = await offersWith();
  me.snapshot(row());
  me.event('seat_offered', { offer_id: 'o2', stage: 'race', sent_at: NOW, deadline: LATER.deadline });
  assert.equal(live()[0].offer.id, 'o2');
  me.event('seat_offered', { offer_id: 'o1', stage: 'race', sent_at: NOW, deadline: OFFER.deadline });
  assert.equal(live()[0].offer.id, 'o1');
  me.event('offer_lost', { offer_id: 'o2' });
  assert.equal(live()[0].offer.id, 'o1', 'the other one stands');
  me.event('offer_lost', { offer_id: 'o1' });
  me.event('position', { position: 1 });
  assert.deepEqual([live().length, offers.places()[0].position], [0, 1]);
  close();
});

test('an event that is repeated after a reconnection is heard once', async () => {
  const { offers, me, close } = await offersWith();
  let heard = 0;
  offers.onNews(() => { heard += 1; });
  me.snapshot(row());
  me.event('offer_lapsed', { offer_id: 'o1' }, 'offer_lapsed:o1');
  me.event('offer_lapsed', { offer_id: 'o1' }, 'offer_lapsed:o1');
  assert.equal(heard, 1);
  close();
});

test('offers come first, and the name of the course is learnt once', async () => {
  const { offers, me, server, close } = await offersWith();
  me.snapshot(row({ waitlist_id: 'w0', schedule_id: 'c0' }), row({ offer: OFFER }));
  await settle();
  me.snapshot(row({ offer: OFFER }));
  assert.deepEqual([offers.places()[0].courseName, offers.unseen().offer.id], ['书法入门', 'o1']);
  assert.equal(server.requests.filter(({ path }) => path === '/waitlist/w1').length, 1);
  offers.dismiss('o1');
  assert.equal(offers.unseen(), null);
  close();
});

/** Nobody else hears from the server either. */
const AWAY = { 'POST /ws/ticket': () => silence('request:fail ') };
const LAPSED = '候补确认已过期，名额已顺位给下一位候补用户';
/** What the server writes of an offer that lapsed. */
const lapse = (seat, offer = 'o1') => ({ items: [{ id: 'm0', data: { offer_id: 'another', seat: 'yours' } }, { id: 'm1', data: { offer_id: offer, seat } }], total: 2 });

/** The sheet in which an offer is confirmed, open. */
async function sheet(routes, place = PLACE) {
  const server = fakeServer({
    'POST /waitlist/w1/begin': () => ({ offer_id: 'o1', begun_at: NOW, confirm_by: '2025-11-12T12:45:00.000+08:00' }),
    'GET /waitlist/w1': () => ({ ...ENTRY, position: 1 }),
    ...routes,
  });
  const asked = [];
  const view = render(await app(), '<offer-sheet schedule="{{s}}" bind:close="closed" />', {
    components: { 'offer-sheet': 'components/offer-sheet/offer-sheet' }, data: { s: null }, methods: { closed() {} }, now: NOW,
    wx: { ...server.wx, requestSubscribeMessage: (options) => { asked.push(server.requests.length); options.success({ t1: 'accept' }); } },
  });
  const modules = (name) => view.mp.modules.load(name);
  await settle();
  view.mp.wx.setStorageSync('login', LOGIN);
  await modules('utils/session').start();
  await settle();
  modules('utils/clock').observe(NOW);
  const news = (event, data = {}) => {
    const me = script(modules);
    modules('utils/offers').end();
    modules('utils/offers').start();
    me.event(event, { offer_id: 'o1', ...data });
  };
  view.component('offer-sheet').open(place);
  await settle();
  const answers = () => server.requests.filter(({ path }) => path === '/waitlist/w1/respond');
  return { ...view, server, news, answers, asked, modules, confirm: () => view.tap('.button--hot') };
}

function done(view) {
  assert.deepEqual(view.problems(), []);
  view.close();
}

test('opening the sheet is recorded; a double tap confirms once, and names the offer', async () => {
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => ({ booking: { id: 'b1', payment_status: 'not_required' }, entry: {} }) });
  assert.match(view.text('.sheet'), /确认预约？15:00已开始确认/);
  assert.deepEqual(view.server.requests.find(({ path }) => path.endsWith('/begin')).data, { offer_id: 'o1' });
  // Both before the view could show that the button is busy.
  view.component('offer-sheet').confirm();
  view.component('offer-sheet').confirm();
  await settle();
  assert.deepEqual(view.answers().map(({ data }) => data), [{ action: 'accept', offer_id: 'o1' }]);
  assert.match(view.text('.sheet'), /预约成功.*查看预约/);
  done(view);
});

test('that a confirmation was begun is known everywhere: the deadlines are asked for again', async () => {
  const server = fakeServer({ 'POST /waitlist/w1/begin': () => ({ offer_id: 'o1', begun_at: NOW, confirm_by: OFFER.deadline }) });
  const { exports: actions, mp, close } = load(await app(), 'utils/actions', { wx: server.wx, now: NOW });
  mp.wx.setStorageSync('login', LOGIN);
  await mp.modules.load('utils/session').start();
  const asked = [];
  mp.modules.load('utils/socket').refresh = (topic) => asked.push(topic);
  await actions.begin('w1', 'o1');
  assert.deepEqual(asked, ['me']);
  close();
});

test('an offer that ended while the connection was away ends the sheet, and says how', async () => {
  const mine = { waitlist_entry: { id: 'w1', position: 1, status: 'waiting' }, offer: OFFER };
  const view = await sheet({
    'GET /waitlist/w1/notifications': () => ({ items: [{ offer_id: 'o2', status: 'sent' }, { offer_id: 'o1', status: 'lapsed' }], total: 2 }), 'GET /messages': () => lapse('next'),
  });
  const see = async (change) => {
    view.setData({ s: schedule(change) });
    await settle();
    return view.text('.sheet');
  };
  assert.match(await see({ mine }), /确认预约？/);
  assert.match(await see({ mine, version: 11 }), /确认预约？/);
  assert.match(await see({ mine: { booking: { id: 'b1' } }, version: 12 }), /确认预约？/, 'a tap that was not heard may have won');
  assert.match(await see({ mine: { ...mine, offer: null }, version: 9 }), /确认预约？/, 'what is older says nothing');
  assert.match(await see({ mine: { ...mine, offer: null }, version: 13 }), /候补确认已过期，名额已顺位给下一位候补用户.*您是第1位候补/);
  done(view);
});

test('where no answer comes to the opening, one may still confirm, and is told so', async () => {
  const view = await sheet({ ...AWAY, 'POST /waitlist/w1/begin': () => silence('request:fail '), 'PUT /waitlist/w1/respond': () => ({ booking: { id: 'b1', payment_status: 'not_required' }, entry: {} }) });
  for (let i = 0; i < 4; i += 1) { await settle(); view.clock.tick(3000); }
  await settle();
  assert.match(view.text('.sheet'), /仍可直接点确认预约/);
  assert.doesNotMatch(view.text('.sheet'), /还不知道结果/);
  view.confirm();
  await settle();
  assert.match(view.text('.sheet'), /预约成功/);
  done(view);
});

test('the sheet stops saying that the server is away when it is there again, and what was not recorded is recorded', async () => {
  let up = false;
  const view = await sheet({
    ...AWAY, 'POST /waitlist/w1/begin': () => (up ? { offer_id: 'o1', begun_at: NOW, confirm_by: OFFER.deadline } : silence('request:fail ')), 'GET /about': () => ({}),
  });
  for (let i = 0; i < 4; i += 1) { await settle(); view.clock.tick(3000); }
  await settle();
  assert.match(view.text('.sheet'), /连不上服务器/);
  up = true;
  await view.modules('utils/http').send({ path: '/about' });
  await settle();
  assert.doesNotMatch(view.text('.sheet'), /连不上服务器|仍可直接/);
  assert.match(view.text('.sheet'), /已开始确认/);
  done(view);
});

test('of a tap that was not answered the sheet says, when the connection is back, that it is to be repeated', async () => {
  const view = await sheet({ ...AWAY, 'PUT /waitlist/w1/respond': () => silence('request:fail ') });
  view.confirm();
  for (let i = 0; i < 4; i += 1) { await settle(); view.clock.tick(3000); }
  await settle();
  assert.match(view.text('.sheet'), /还不知道结果：连不上服务器/);
  view.server.table['POST /ws/ticket'] = () => ({ ticket: 'k', expires_in: 30 });
  const socket = view.modules('utils/socket');
  socket.wake();
  await settle();
  const line = view.server.sockets.at(-1);
  line.open();
  line.tell({ type: 'ready', server_time: NOW });
  assert.match(view.text('.sheet'), /还不知道结果，请再点一次确认。/);
  assert.doesNotMatch(view.text('.sheet'), /连不上/);
  socket.close();
  done(view);
});

test('in a race a begun confirmation does not sound like a seat; in a turn it is one’s own', async () => {
  const race = await sheet({});
  assert.match(race.text('.sheet'), /已开始确认，先完成者得.*名额还不是您的/);
  done(race);
  const turn = await sheet({}, { ...PLACE, offer: { ...OFFER, stage: 'turn' } });
  assert.match(turn.text('.sheet'), /已开始确认，请在时限内完成.*名额已单独为您保留/);
  assert.doesNotMatch(turn.text('.sheet'), /先完成者得|还不是您的/);
  done(turn);
});

for (const [seat, status, says, not] of [
  ['next', 'waiting', /^候补确认已过期，名额已顺位给下一位候补用户您是第1位候补/, /保留给您/],
  ['yours', 'in_turn', /^候补确认已过期名额现已按顺位单独保留给您，请重新确认。/, /下一位/],
  [null, 'waiting', /^候补确认已过期您是第1位候补，有名额会再通知您。/, /下一位|保留/],
  [null, 'expired', /^候补确认已过期您的候补已结束/, /下一位|保留/],
]) {
  test(`a lapse says where the seat went, and no more: ${seat}, ${status}`, async () => {
    const view = await sheet({ 'GET /waitlist/w1': () => ({ ...ENTRY, position: 1, status }), 'GET /messages': () => lapse(seat) });
    view.news('offer_lapsed');
    await settle();
    assert.match(view.text('.sheet'), says);
    assert.doesNotMatch(view.text('.sheet'), not);
    done(view);
  });
}

test('the offer that is confirmed is the one that was opened, whatever the page writes into its own', async () => {
  const place = { ...PLACE, offer: { ...OFFER } };
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => ({ booking: { id: 'b1', payment_status: 'not_required' }, entry: {} }) }, place);
  place.offer.id = 'o2';
  view.confirm();
  await settle();
  assert.deepEqual(view.answers().map(({ data }) => data.offer_id), ['o1']);
  done(view);
});

test('a refusal for a lapse says that the seat went to the next only where it did', async () => {
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => refusal(409, 'offer_lapsed', LAPSED), 'GET /messages': () => lapse(null) });
  view.confirm();
  await settle();
  assert.match(view.text('.sheet'), /^候补确认已过期/);
  assert.doesNotMatch(view.text('.sheet'), /下一位/);
  done(view);
});

test('a message that is still being written is waited for', async () => {
  let written = false;
  const view = await sheet({ 'GET /messages': () => (written ? lapse('next') : { items: [], total: 0 }) });
  view.news('offer_lapsed');
  await settle();
  assert.doesNotMatch(view.text('.sheet'), /下一位/);
  written = true;
  view.clock.tick(300);
  await settle();
  assert.match(view.text('.sheet'), new RegExp(LAPSED));
  done(view);
});

test('consent is asked for when the seat is settled, first in the tap, and not over the countdown', async () => {
  const view = await sheet({
    'GET /users/subscribe': () => ({ ask: { confirm: ['t1'] } }), 'POST /users/subscribe': () => ({}),
    'PUT /waitlist/w1/respond': () => ({ booking: { id: 'b1', payment_status: 'not_required' }, entry: {} }),
  });
  await view.modules('utils/consent').load();
  const before = view.server.requests.length;
  view.confirm();
  await settle();
  assert.match(view.text('.sheet'), /预约成功/);
  assert.deepEqual(view.asked, [], 'not while the seat is being confirmed');
  const after = view.server.requests.length;
  assert.ok(after > before);
  view.tap(view.findAll('.button--quiet')[0]);
  assert.deepEqual(view.asked, [after], 'before any request of the tap');
  await settle();
  assert.deepEqual(view.server.requests.find(({ method, path }) => method === 'POST' && path === '/users/subscribe').data, { results: { t1: 'accept' } });
  done(view);
});

test('a question that is open gives way to an offer, and is asked when that is over', async () => {
  const server = fakeServer({ 'GET /users/subscribe': () => ({ ask: { join: ['t1'], confirm: ['t2'] } }), 'POST /users/subscribe': () => ({}), 'GET /waitlist/w1': () => ENTRY });
  const questions = [];
  const requestSubscribeMessage = (options) => {
    const question = { ids: Array.from(options.tmplIds), open: true, answer: () => { question.open = false; options.success({ t1: 'accept', t2: 'reject' }); } };
    questions.push(question);
    return { abort: () => { question.open = false; options.fail({ errMsg: 'requestSubscribeMessage:fail abort' }); } };
  };
  const { exports: consent, mp, close } = load(await app(), 'utils/consent', { wx: { ...server.wx, requestSubscribeMessage }, now: NOW });
  const modules = (name) => mp.modules.load(name);
  mp.wx.setStorageSync('login', LOGIN);
  await modules('utils/session').start();
  modules('utils/clock').observe(NOW);
  await consent.load();
  const me = script(modules);
  modules('utils/offers').start();
  me.snapshot(row());
  const asked = consent.ask('join');
  assert.equal(questions[0].open, true);
  me.event('seat_offered', { offer_id: 'o1', stage: 'race', sent_at: NOW, deadline: OFFER.deadline });
  assert.equal(questions[0].open, false);
  await asked;
  await consent.ask('confirm');
  assert.equal(questions.length, 1, 'not while it counts down');
  const told = consent.ask('confirm', 'o1');
  assert.deepEqual(questions[1].ids, ['t2', 't1']);
  questions[1].answer();
  await told;
  assert.deepEqual(server.requests.findLast(({ method, path }) => method === 'POST' && path === '/users/subscribe').data, { results: { t1: 'accept', t2: 'reject' } });
  me.snapshot(row());
  consent.ask('confirm');
  assert.deepEqual(questions[2].ids, ['t2'], 'what was asked does not wait any more');
  close();
});

test('who comes second is told so at once, and then where they stand', async () => {
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => refusal(409, 'offer_taken', '名额已被抢占') });
  view.confirm();
  await settle();
  assert.match(view.text('.sheet'), /名额已被抢占您是第1位候补/);
  done(view);
});

test('while one looks, another wins: the sheet says so without a tap', async () => {
  const view = await sheet({});
  view.news('offer_lost', { offer_id: 'another' });
  assert.match(view.text('.sheet'), /确认预约？/, 'another offer is none of this one’s business');
  view.news('offer_lost');
  await settle();
  assert.match(view.text('.sheet'), /名额已被抢占您是第1位候补/);
  assert.equal(view.answers().length, 0);
  done(view);
});

test('time runs out while the sheet is open: no tap is taken any more, and the server’s word is shown', async () => {
  const view = await sheet({});
  view.clock.tick(15 * 60_000);
  assert.match(view.text('.sheet'), /时间到正在等待结果…/);
  view.component('offer-sheet').confirm();
  assert.equal(view.answers().length, 0);
  view.news('offer_lapsed');
  await settle();
  assert.match(view.text('.sheet'), /候补确认已过期/);
  done(view);
});

test('an outcome that nobody knows is asked for again with the same key', async () => {
  let lost = true;
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => (lost ? silence() : { booking: { id: 'b1', payment_status: 'unpaid' }, entry: {} }) });
  view.confirm();
  for (let i = 0; i < 4; i += 1) { await settle(); view.clock.tick(2000); }
  await settle();
  assert.match(view.text('.sheet'), /还不知道结果.*请再点一次确认/);
  lost = false;
  view.confirm();
  await settle();
  assert.equal(new Set(view.answers().map(({ header }) => header['idempotency-key'])).size, 1);
  assert.match(view.text('.sheet'), /预约成功.*请在5分钟内支付.*去支付/);
  done(view);
});

test('an event that overtakes the answer does not speak for it', async () => {
  let answer;
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => new Promise((resolve) => { answer = resolve; }) });
  view.confirm();
  await settle();
  view.news('offer_lapsed');
  assert.match(view.text('.sheet'), /正在确认…/);
  answer({ booking: { id: 'b1', payment_status: 'not_required' }, entry: {} });
  await settle();
  assert.match(view.text('.sheet'), /预约成功/);
  done(view);
});

test('a class that is called off meanwhile ends the confirmation', async () => {
  const view = await sheet({});
  view.setData({ s: schedule({ availability: 'revoked' }) });
  assert.match(view.text('.sheet'), /课程已取消/);
  view.tap('.button--main');
  assert.deepEqual(view.events.map(({ name, detail }) => [name, detail]), [['closed', { ended: true }]]);
  assert.equal(view.find('.sheet'), null);
  done(view);
});

test('a begin that comes too late says that it is over', async () => {
  const view = await sheet({ 'POST /waitlist/w1/begin': () => refusal(409, 'offer_lapsed', '候补确认已过期，名额已顺位给下一位候补用户') });
  assert.match(view.text('.sheet'), /候补确认已过期/);
  done(view);
});

test('declining is asked for, and says where one stands', async () => {
  const view = await sheet({ 'PUT /waitlist/w1/respond': () => ({ booking: null, entry: { status: 'waiting', position: 2 } }) });
  view.mp.wx.showModal = async () => ({ confirm: true });
  view.tap(view.findAll('.button--quiet')[0]);
  await settle();
  assert.deepEqual(view.answers().map(({ data }) => data.action), ['decline']);
  assert.match(view.text('.sheet'), /已放弃这个名额您是第2位候补/);
  done(view);
});

test('notification-popup comes up on any page, goes when the offer does, and can be put away', async () => {
  const server = fakeServer({ 'GET /waitlist/w1': () => ENTRY });
  const view = render(await app(), '<notification-popup />', { components: { 'notification-popup': 'components/notification-popup/notification-popup' }, now: NOW, wx: server.wx });
  const modules = (name) => view.mp.modules.load(name);
  await settle();
  view.mp.wx.setStorageSync('login', LOGIN);
  await modules('utils/session').start();
  await settle();
  const me = script(modules);
  modules('utils/offers').end();
  modules('utils/offers').start();
  modules('utils/clock').observe(NOW);
  me.snapshot(row());
  await settle();
  assert.equal(view.find('.popup'), null);
  me.event('seat_offered', { offer_id: 'o1', stage: 'race', sent_at: NOW, deadline: OFFER.deadline });
  assert.match(view.text('.popup'), /有名额，立即预约15:00书法入门 · 今天 19:00/);
  me.event('offer_lost', { offer_id: 'o1' });
  assert.match(view.text('.popup'), /名额已被抢占书法入门 · 您是第2位候补/);
  me.event('position', { position: 1 });
  assert.match(view.text('.popup'), /您是第1位候补/);
  view.clock.tick(6000);
  assert.equal(view.find('.popup'), null);
  me.snapshot(row({ offer: LATER }));
  view.tap(view.findAll('.popup .button')[1]);
  assert.equal(view.find('.popup'), null);
  done(view);
});
