// Who looks, or at what, changes while an answer is on its way.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../../unit/render.mjs';
import { done, NOW, open } from './program.mjs';
import { app, LOGIN, refusal, schedule, settle, silence } from './server.mjs';

const WAITS = { waitlist_entry: { id: 'w1', position: 2, status: 'waiting', joined_at: NOW }, booking: null, hold: null, offer: null };

/** An answer that comes when the test says so. */
function later() {
  const calls = [];
  const ask = (request) => new Promise((resolve) => { calls.push((answer) => { resolve(answer); return settle(); }); calls.at(-1).request = request; });
  return { ask, calls };
}

test('after a change of the student nothing is offered that was the other’s, also when no answer comes', async () => {
  const view = await open('/pages/schedules/detail?id=c1', {
    'GET /slots/c1': ({ query }) => (query.includes('s2') ? silence('request:fail ') : schedule({ mine: WAITS })),
  });
  assert.match(view.shown(), /取消候补/);
  view.tap('[data-id="s2"]');
  assert.doesNotMatch(view.shown(), /取消候补|您是第/);
  await settle(20);
  assert.match(view.shown(), /刷新失败/);
  assert.doesNotMatch(view.shown(), /取消候补|您是第/);
  done(view);
});

test('the answer for the student before is not taken for this one’s', async () => {
  const { ask, calls } = later();
  const view = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule() });
  view.server.table['GET /slots/c1'] = ask;
  view.page().refresh();
  await settle();
  view.tap('[data-id="s2"]');
  await settle();
  await calls[1](schedule({ mine: WAITS, version: 11 }));
  await calls[0](schedule({ version: 12 }));
  view.mp.wx.showModal = () => Promise.resolve({ confirm: true });
  view.server.table['DELETE /waitlist/w1'] = () => ({});
  await view.go('取消候补');
  assert.ok(view.server.requests.some(({ method, path }) => method === 'DELETE' && path === '/waitlist/w1'));
  done(view);
});

test('the next rows of a list that has become another one are left away', async () => {
  const { exports: listing, close } = load(await app(), 'utils/listing');
  const { ask, calls } = later();
  const many = Array.from({ length: 20 }, (_, i) => ({ id: `a${i}` }));
  const page = {
    loads: 1, rows: many, data: { more: true }, show(patch) { Object.assign(this.data, patch); }, fetchRows: ask, rowView: (row) => row,
  };
  const scrolled = listing.onward(page);
  page.loads = 2;
  page.rows = [{ id: 'b' }];
  page.data.items = page.rows;
  const again = listing.onward(page);
  assert.equal(calls.length, 2, 'the new list may go on at once');
  await calls[0]({ items: [{ id: 'a20' }], total: 21 });
  await scrolled;
  assert.deepEqual(page.rows.map(({ id }) => id), ['b']);
  assert.deepEqual(page.data.items.map(({ id }) => id), ['b']);
  await calls[1]({ items: [{ id: 'c' }], total: 2 });
  await again;
  assert.deepEqual(page.data.items.map(({ id }) => id), ['b', 'c']);
  assert.equal(page.data.loadingMore, false);
  close();
});

test('who scrolls on while a list is read anew has the rows, whichever answer comes first', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ id: `a${i}` }));
  const answer = (page, size) => ({ items: rows.slice((page - 1) * size, page * size), total: rows.length });
  // When the end of the list is reached, and when the rows after it come: before the list is read anew, meanwhile, or after.
  for (const [reached, came] of [['before', 'meanwhile'], ['before', 'after'], ['meanwhile', 'meanwhile'], ['meanwhile', 'after']]) {
    const { exports: listing, close } = load(await app(), 'utils/listing');
    const asked = [];
    const fetchRows = (page, size) => new Promise((resolve) => { asked.push(() => resolve(answer(page, size))); });
    const view = {
      loads: 1, rows: rows.slice(0, 20), data: { more: true }, show(patch) { Object.assign(this.data, patch); }, fetchRows, rowView: (row) => row,
    };
    let scrolled = reached === 'before' ? listing.onward(view) : null;
    view.loads = 2;
    const fresh = listing.first(view).then((patch) => view.show(patch));
    scrolled ??= listing.onward(view);
    if (came === 'meanwhile') asked.splice(reached === 'before' ? 0 : 1, 1)[0]();
    await settle();
    asked.splice(came === 'after' && reached === 'before' ? 1 : 0, 1)[0]();
    await settle();
    while (asked.length > 0) asked.shift()();
    await settle();
    while (asked.length > 0) asked.shift()();
    await Promise.all([fresh, scrolled]);
    assert.equal(view.data.items.length, 40, `${reached}, ${came}`);
    assert.equal(view.rows.length, 40);
    assert.equal(view.data.loadingMore, false);
    close();
  }
});

test('the day that was chosen last stays live, whichever answer comes last', async () => {
  const view = await open('/pages/calendar/index', {
    'GET /slots/month': ({ query }) => ({ month: query.slice(6, 13), days: [] }), 'GET /slots': () => ({ items: [], total: 0 }),
  });
  const { ask, calls } = later();
  view.server.table['GET /slots'] = ask;
  const [line] = view.server.sockets;
  line.open();
  line.tell({ type: 'ready', server_time: NOW });
  await settle();
  calls.length = 0;
  view.page().pick({ detail: { date: '2025-11-13' } });
  view.page().pick({ detail: { date: '2025-11-14' } });
  await settle();
  const of = (day) => calls.find(({ request }) => request.query.includes(day));
  await of('2025-11-14')({ items: [schedule({ id: 'c14' })], total: 1 });
  await of('2025-11-13')({ items: [schedule({ id: 'c13' })], total: 1 });
  assert.match(view.shown(), /书法入门/);
  line.tell({ type: 'snapshot', topic: 'schedule:c14', epoch: 1, version: 11, server_time: NOW, data: schedule({ id: 'c14', course_name: '国画', version: 11 }) });
  await settle();
  assert.match(view.shown(), /国画/);
  done(view);
});

test('the calendar keeps its day and its week for another student, and not for another account', async () => {
  const view = await open('/pages/calendar/index', {
    'GET /slots/month': ({ query }) => ({ month: query.slice(6, 13), days: [] }), 'GET /slots': () => ({ items: [], total: 0 }), 'GET /slots/week': () => ({ items: [], total: 0 }),
  });
  const chosen = () => { const { month, date, week } = view.page().data; return [month, date, week]; };
  const { chooseStudent } = view.mp.modules.load('utils/session');
  view.page().pick({ detail: { date: '2025-12-06' } });
  chooseStudent('s2');
  await settle();
  assert.deepEqual(chosen(), ['2025-12', '2025-12-06', '']);
  assert.match(view.server.requests.findLast(({ path }) => path === '/slots').query, /date=2025-12-06.*student_id=s2/);
  view.page().pickWeek({ detail: { monday: '2025-12-08' } });
  chooseStudent('s1');
  await settle();
  assert.deepEqual(chosen(), ['2025-12', '', '2025-12-08']);
  await another(view);
  assert.deepEqual(chosen(), ['2025-11', '2025-11-12', '']);
  done(view);
});

test('at home, the next class is the chosen student’s, however many the other one has', async () => {
  const booking = (id, student) => ({
    id, booking_no: id, schedule_id: 'c1', student_id: student, status: 'confirmed', payment_status: 'not_required', price_fen: 0, final_price_fen: 0,
    starts_at: '2025-11-12T19:00:00.000+08:00', ends_at: '2025-11-12T21:00:00.000+08:00',
  });
  const all = Array.from({ length: 30 }, (_, i) => booking(`b${i}`, 's1')).concat(booking('b30', 's2'));
  const view = await open('/pages/home/index', {
    'GET /bookings/mine/upcoming': ({ query }) => {
      const { student_id: student, page_size: size } = Object.fromEntries(new URLSearchParams(query));
      const own = all.filter(({ student_id: id }) => !student || id === student);
      return { items: own.slice(0, Number(size)), total: own.length };
    },
    'GET /slots': () => ({ items: [], total: 0 }), 'GET /slots/c1': () => schedule(),
  }, { login: { ...LOGIN, studentId: 's2' } });
  assert.equal(view.page().data.next.id, 'b30');
  const asked = view.server.requests.filter(({ path }) => path === '/bookings/mine/upcoming');
  assert.deepEqual(asked.map(({ query }) => query), ['student_id=s2&page_size=1']);
  assert.doesNotMatch(view.shown(), /还没有预约/);
  done(view);
});

test('at home, the classes of the student before do not come back under this one', async () => {
  const { ask, calls } = later();
  const view = await open('/pages/home/index', { 'GET /bookings/mine/upcoming': () => ({ items: [], total: 0 }), 'GET /slots': ask });
  view.mp.modules.load('utils/session').chooseStudent('s2');
  await settle();
  const of = (id) => calls.findLast(({ request }) => request.query.includes(id));
  await of('s2')({ items: [schedule({ id: 'c1' })], total: 1 });
  await of('s1')({ items: [schedule({ id: 'c9' })], total: 1 });
  assert.deepEqual(Array.from(view.page().slots.keys()), ['c1']);
  done(view);
});

test('what is typed while a save is under way is not saved yet, and stays', async () => {
  const { ask, calls } = later();
  const booking = {
    id: 'b1', booking_no: 'BK1', schedule_id: 'c1', student_id: 's1', status: 'confirmed', payment_status: 'not_required', price_fen: 0,
    final_price_fen: 0, course_name: '书法入门', starts_at: '2025-11-12T19:00:00.000+08:00', ends_at: '2025-11-12T21:00:00.000+08:00', student_note: '',
  };
  const view = await open('/pages/booking/detail?id=b1', { 'GET /bookings/b1': () => booking, 'PUT /bookings/b1': ask, 'GET /slots/c1': () => schedule() });
  view.type('textarea', '带笔');
  await view.go('保存备注');
  view.type('textarea', '带笔和墨');
  await calls[0]({ ...booking, student_note: '带笔' });
  await view.page().refresh();
  assert.equal(view.find('textarea').value, '带笔和墨');
  await view.go('保存备注');
  assert.deepEqual(calls.map(({ request }) => request.data.student_note), ['带笔', '带笔和墨']);
  await calls[1]({});
  assert.doesNotMatch(view.shown(), /保存备注/);
  done(view);

  const profile = { nickname: '林小雨', signature: '', phone: null, username: 'amy', created_at: NOW, students: LOGIN.students };
  const save = later();
  const mine = await open('/pages/me/profile', { 'GET /users/profile': () => profile, 'PUT /users/profile': save.ask });
  mine.type('input', '小雨');
  await mine.go('保存');
  mine.type('input', '小雨点');
  await save.calls[0]({ ...profile, nickname: '小雨' });
  await mine.page().refresh();
  assert.equal(mine.find('input').value, '小雨点');
  await mine.go('保存');
  assert.equal(save.calls[1].request.data.nickname, '小雨点');
  done(mine);
});

const FREE = { seats_taken: 4, seats_left: 2, availability: 'available' };
const HELD = { hold_id: 'h1', expires_at: '2025-11-12T12:35:00.000+08:00' };

/** The step before a booking, opened from its class; holds and bookings are answered when the test says so. */
async function confirming(routes = {}) {
  const released = [];
  const view = await open('/pages/schedules/detail?id=c1', {
    'GET /slots/c1': () => schedule(FREE), 'POST /schedules/c1/hold': () => HELD,
    'DELETE /schedules/c1/hold': ({ query }) => { released.push(query.replace('profile_id=', '')); return { released: true }; },
    'GET /bookings/b1': () => refusal(404, 'not_found'),
    ...routes,
  });
  await view.go('立即预约');
  assert.equal(view.route(), 'pages/booking/confirm');
  return { ...view, released };
}

test('a seat that is held after the page was left is given back', async () => {
  const { ask, calls } = later();
  const view = await confirming({ 'POST /schedules/c1/hold': ask });
  view.mp.wx.navigateBack();
  await settle();
  assert.deepEqual(view.released, []);
  await calls[0](HELD);
  assert.deepEqual(view.released, ['s1']);
  done(view);
});

test('a seat that is held for the student before is given back, and this one’s is kept', async () => {
  const { ask, calls } = later();
  const view = await confirming({ 'POST /schedules/c1/hold': ask });
  view.mp.modules.load('utils/session').chooseStudent('s2');
  await settle();
  await calls[1]({ ...HELD, hold_id: 'h2' });
  await calls[0](HELD);
  assert.deepEqual(view.released, ['s1']);
  view.mp.wx.navigateBack();
  await settle();
  assert.deepEqual(view.released, ['s1', 's2']);
  done(view);
});

test('who leaves while the booking is under way keeps the seat, and stays where they went', async () => {
  const { ask, calls } = later();
  const view = await confirming({ 'POST /bookings': ask });
  await view.go('提交预约');
  view.mp.wx.navigateBack();
  await settle();
  assert.deepEqual(view.released, []);
  await calls[0]({ id: 'b1' });
  assert.deepEqual([view.route(), view.released.length], ['pages/schedules/detail', 0]);
  done(view);
});

test('who leaves while the booking is under way gives the seat back when it is refused', async () => {
  const { ask, calls } = later();
  const view = await confirming({ 'POST /bookings': ask });
  await view.go('提交预约');
  view.mp.wx.navigateBack();
  await calls[0](refusal(409, 'time_conflict', '时间冲突'));
  assert.deepEqual(view.released, ['s1']);
  done(view);
});

test('who looks at something else meanwhile finds the booking when they come back', async () => {
  const { ask, calls } = later();
  const view = await confirming({ 'POST /bookings': ask });
  await view.go('提交预约');
  view.mp.wx.navigateTo({ url: '/pages/me/students' });
  await settle();
  await calls[0]({ id: 'b1' });
  assert.equal(view.route(), 'pages/me/students');
  view.mp.wx.navigateBack();
  await settle();
  assert.equal(view.route(), 'pages/booking/detail');
  done(view);
});

const OTHER = { token: 'b1', refresh_token: 'rb', user: { ...LOGIN.user, id: 'u2', nickname: '老王' }, students: [{ id: 's7', nickname: '老王', relation: 'self' }] };

/** The login ends, and somebody else logs in in its place. */
async function another(view) {
  const session = view.mp.modules.load('utils/session');
  view.server.table['POST /login'] = () => OTHER;
  await session.logOut();
  await settle();
  assert.equal(view.route(), 'pages/login/index');
  await session.logIn({ code: 'x' });
  view.mp.wx.navigateBack();
  await settle(20);
}

test('another account finds nothing of the one before: not what was typed, and not what was shown', async () => {
  const profile = (nickname) => ({ nickname, signature: '', phone: null, username: nickname, created_at: NOW, students: [] });
  const view = await open('/pages/me/profile', { 'GET /users/profile': ({ header }) => profile(header.authorization === 'Bearer t1' ? '林小雨' : '老王') });
  view.type('input', '小雨点');
  await another(view);
  assert.equal(view.route(), 'pages/me/profile');
  assert.equal(view.find('input').value, '老王');
  done(view);

  const class1 = await open('/pages/schedules/detail?id=c1', { 'GET /slots/c1': () => schedule({ mine: WAITS }) });
  class1.server.table['GET /slots/c1'] = () => refusal(404, 'not_found', '没有找到');
  await another(class1);
  assert.equal(class1.page().data.id, 'c1', 'it is still the page of the same class');
  assert.match(class1.shown(), /没有找到/);
  assert.doesNotMatch(class1.shown(), /书法入门|取消候补/);
  done(class1);
});

test('a message is shown to whom it was written only', async () => {
  const message = { id: 'm1', title: '候补成功', body: '林小雨的名额', created_at: NOW, read_at: NOW, kind: 'promoted', data: null };
  const view = await open('/pages/messages/index', { 'GET /messages': () => ({ items: [message], total: 1 }) });
  view.page().open({ currentTarget: { dataset: { id: 'm1' } } });
  await settle();
  assert.match(view.shown(), /林小雨的名额/);
  await another(view);
  assert.equal(view.route(), 'pages/messages/detail');
  assert.match(view.shown(), /这条消息不在了/);
  done(view);
});

test('a reason that was typed stays until the cancellation is answered, and the refusal stands beside it', async () => {
  const { ask, calls } = later();
  const row = (id, nickname) => ({ id, nickname, status: 'confirmed', payment_status: 'not_required', created_at: NOW });
  const roster = () => ({ schedule: schedule(), bookings: [row('b1', '小雨'), row('b2', '小宝')], queue: [], rounds: [] });
  const teacher = { ...LOGIN, user: { ...LOGIN.user, roles: ['teacher'], teacher_id: 'k1' }, students: [] };
  const view = await open('/teacher/pages/roster?id=c1', { 'GET /schedules/c1/roster': roster, 'PUT /bookings/b1/cancel': ask }, { login: teacher });
  view.mp.wx.showActionSheet = () => Promise.resolve({ tapIndex: 0 });
  view.tap('[data-id="b1"]');
  await settle();
  view.type('textarea', '老师生病');
  await view.go('取消预约');
  assert.match(view.shown(), /取消小雨的预约/);
  view.page().keep();
  assert.equal(view.page().data.cancelling.id, 'b1', 'it is under way');
  assert.ok(view.findAll('[data-id="b2"]').every((button) => button.hasAttribute('disabled')));
  await calls[0](refusal(409, 'booking_not_active', '现在不能取消'));
  await settle();
  assert.match(view.shown(), /取消小雨的预约.*现在不能取消/);
  assert.equal(view.find('textarea').value, '老师生病');
  await view.go('取消预约');
  assert.deepEqual(calls.map(({ request }) => request.data), [{ reason: '老师生病' }, { reason: '老师生病' }]);
  await calls[1]({});
  assert.doesNotMatch(view.shown(), /取消小雨的预约/);
  done(view);
});

test('the mark of unread messages is the last answer’s, and nobody’s until the first', async () => {
  const { ask, calls } = later();
  const view = await open('/pages/me/students', {});
  const inbox = view.mp.modules.load('utils/inbox');
  view.server.table['GET /messages'] = ask;
  inbox.load();
  inbox.load();
  await settle();
  await calls[1]({ items: [], total: 2 });
  await calls[0]({ items: [], total: 5 });
  assert.equal(inbox.unread(), 2);
  await another(view);
  inbox.load();
  assert.equal(inbox.unread(), 0);
  done(view);
});

test('a teacher’s mark of unread messages and the marks of their calendar follow the bookings on their classes', async () => {
  const teacher = { ...LOGIN, user: { ...LOGIN.user, roles: ['teacher'], teacher_id: 'k1' }, students: [] };
  let total = 0;
  const view = await open('/pages/calendar/index', {
    'GET /slots/month': () => ({ month: '2025-11', days: [{ date: '2025-11-20', classes: total, free: 0, mine_booked: 0, mine_waiting: 0 }] }),
    'GET /schedules': () => ({ items: [], total: 0 }), 'GET /messages': () => ({ items: [], total }),
  }, { login: teacher });
  const inbox = view.mp.modules.load('utils/inbox');
  const [line] = view.server.sockets;
  line.open();
  line.tell({ type: 'ready', server_time: NOW });
  await settle();
  assert.ok(line.sent.some(({ type, topic }) => type === 'subscribe' && topic === 'coach'));
  total = 1;
  line.tell({ type: 'event', topic: 'coach', event: 'booking', id: 'booking:b1', server_time: NOW, data: { id: 'b1' } });
  view.clock.tick(1000);
  await settle();
  assert.equal(inbox.unread(), 1);
  assert.match(view.find('[data-date="2025-11-20"]').getAttribute('aria-label'), /1节课/);
  view.mp.wx.switchTab({ url: '/pages/me/index' });
  await settle();
  total = 2;
  line.tell({ type: 'event', topic: 'coach', event: 'booking', id: 'booking:b2', server_time: NOW, data: { id: 'b2' } });
  view.clock.tick(1000);
  await settle();
  assert.equal(inbox.unread(), 2, 'also on a page that shows no classes');
  done(view);
});
