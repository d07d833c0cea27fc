import assert from 'node:assert/strict';
import test from 'node:test';
import { render } from '../../unit/render.mjs';
import { app, LOGIN, schedule, settle } from './server.mjs';

const NOW = '2025-11-12T12:30:00.000+08:00';
const NOON = Date.parse(NOW);
const own = (...names) => Object.fromEntries(names.map((name) => [name, `components/${name}/${name}`]));

async function show(wxml, names, options = {}) {
  const view = render(await app(), wxml, { components: own(...names), now: NOW, ...options });
  view.module = (name) => view.mp.modules.load(name);
  // The app itself finds nobody logged in when it starts.
  await settle();
  return view;
}

function done(view) {
  assert.deepEqual(view.problems(), []);
  view.close();
}

test('countdown-timer goes by the server’s clock, turns urgent, and says once that time is up', async () => {
  const view = await show('<countdown-timer deadline="{{at}}" over="时间到" bind:expire="heard" />', ['countdown-timer'], {
    data: { at: '' }, methods: { heard() {} },
    // The phone is two hours ahead.
    now: NOON + 7_200_000,
  });
  view.module('utils/clock').observe(NOW);
  view.setData({ at: '2025-11-12T12:32:00.000+08:00' });
  assert.equal(view.text(), '02:00');
  view.clock.tick(61_000);
  assert.equal(view.text(), '00:59');
  assert.ok(view.find('.timer--urgent'));
  view.clock.tick(59_000);
  assert.equal(view.text(), '时间到');
  view.clock.tick(60_000);
  assert.equal(view.events.length, 1);
  view.setData({ at: '2025-11-12T12:40:00.000+08:00' });
  assert.equal(view.text(), '07:00');
  done(view);
});

test('countdown-timer rests while its page is hidden, and is right when it comes back', async () => {
  const view = await show('<countdown-timer deadline="2025-11-12T12:31:00.000+08:00" />', ['countdown-timer']);
  view.module('utils/clock').observe(NOW);
  view.hide();
  view.clock.tick(20_000);
  assert.equal(view.text(), '01:00');
  view.show();
  assert.equal(view.text(), '00:40');
  done(view);
});

test('countdown-timer follows a clock that is moved by hand', async () => {
  const view = await show('<countdown-timer deadline="2025-11-12T12:45:00.000+08:00" bind:expire="heard" />', ['countdown-timer'], { methods: { heard() {} } });
  const clock = view.module('utils/clock');
  clock.observe(NOW);
  clock.setStanding(true);
  view.clock.tick(60_000);
  assert.equal(view.text(), '15:00');
  clock.observe('2025-11-12T12:40:00.000+08:00');
  assert.equal(view.text(), '05:00');
  clock.observe('2025-11-12T12:45:00.000+08:00');
  assert.deepEqual(view.events.map(({ name }) => name), ['heard']);
  done(view);
});

test('month-grid marks free days, and tells of the day, the week and the month', async () => {
  const view = await show('<month-grid month="2025-11" chosen="2025-11-12" days="{{days}}" bind:pick="pick" bind:week="week" bind:turn="turn" />', ['month-grid'], {
    data: { days: { '2025-11-14': { classes: 3, free: 2, mine_booked: 1, mine_waiting: 1 } } },
    methods: { pick() {}, week() {}, turn() {} },
  });
  const day = view.find('[data-date="2025-11-14"]');
  assert.equal(day.getAttribute('aria-label'), '11月14日，周五，2节有空位，已约1节，候补1节');
  view.tap(day);
  view.tap(view.findAll('.day--week')[2]);
  view.tap('[aria-label="下个月"]');
  assert.deepEqual(view.events.map(({ detail }) => Object.values(detail)[0]), ['2025-11-14', '2025-11-10', '2025-12']);
  done(view);
});

test('month-grid turns with a swipe across, and not with one down', async () => {
  const view = await show('<month-grid month="2025-11" days="{{ {} }}" bind:turn="turn" />', ['month-grid'], { methods: { turn() {} } });
  const grid = view.component('month-grid');
  const swipe = (x, y) => {
    grid.press({ changedTouches: [{ pageX: 200, pageY: 200 }] });
    grid.release({ changedTouches: [{ pageX: 200 + x, pageY: 200 + y }] });
  };
  swipe(-120, 10);
  swipe(60, 200);
  swipe(90, -20);
  assert.deepEqual(view.events.map(({ detail }) => detail.month), ['2025-12', '2025-10']);
  done(view);
});

test('week-strip does not go back before this week', async () => {
  const view = await show('<week-strip monday="{{monday}}" chosen="2025-11-12" free="{{free}}" bind:turn="turn" bind:pick="pick" />', ['week-strip'], {
    data: { monday: '2025-11-10', free: { '2025-11-13': 2 } }, methods: { turn() {}, pick() {} },
  });
  view.tap('[aria-label="上一周"]');
  view.tap('[data-date="2025-11-13"]');
  assert.equal(view.find('[data-date="2025-11-13"]').getAttribute('aria-label'), '明天，2节可约');
  view.setData({ monday: '2025-11-17' });
  view.tap('[aria-label="上一周"]');
  assert.deepEqual(view.events.map(({ name, detail }) => [name, ...Object.values(detail)]), [['pick', '2025-11-13'], ['turn', '2025-11-10']]);
  done(view);
});

test('seat-meter draws seats, and a share where they are many', async () => {
  const view = await show('<seat-meter schedule="{{s}}" />', ['seat-meter'], { data: { s: schedule({ seats_taken: 5, seats_offered: 1 }) } });
  assert.equal(view.findAll('.meter__seat--taken').length, 5);
  assert.equal(view.findAll('.meter__seat--offered').length, 1);
  view.setData({ s: schedule({ capacity: 200, seats_taken: 150, seats_left: 50 }) });
  assert.equal(view.findAll('.meter__seat').length, 0);
  assert.equal(view.text(), '共 200 席 · 已约 150 · 空位 50');
  done(view);
});

test('student-picker is there for several students only, and chooses for the whole app', async () => {
  const view = await show('<student-picker />', ['student-picker']);
  const session = view.module('utils/session');
  view.mp.wx.setStorageSync('login', { ...LOGIN, students: LOGIN.students.slice(0, 1) });
  await session.start();
  assert.equal(view.findAll('.who__one').length, 0);
  session.update({ students: LOGIN.students });
  view.tap('[data-id="s2"]');
  assert.equal(session.student().nickname, '小宝');
  assert.equal(view.find('[data-id="s2"]').getAttribute('aria-checked'), 'true');
  done(view);
});

test('form-field says what is wrong below it, and keeps what is typed', async () => {
  const view = await show('<form-field label="昵称" value="{{v}}" problem="{{p}}" bind:change="typed" />', ['form-field'], {
    data: { v: '', p: '' }, methods: { typed(event) { this.setData({ v: event.detail.value }); } },
  });
  view.type('.field__input', '小雨');
  view.setData({ p: '太短' });
  assert.equal(view.find('input').value, '小雨');
  assert.match(view.text(), /太短/);
  assert.match(view.find('input').getAttribute('aria-label'), /昵称，太短/);
  done(view);
});

test('waitlist-card: the button of an offer does not open the card too', async () => {
  const item = { waitlistId: 'w1', courseName: '书法入门', when: '今天 19:00', state: '有名额，先确认者得', offer: { id: 'o1' }, deadline: '2025-11-12T12:45:00.000+08:00' };
  const view = await show('<waitlist-card item="{{item}}" bind:open="open" bind:confirm="confirm" />', ['waitlist-card'], { data: { item }, methods: { open() {}, confirm() {} } });
  view.tap('.wait__go');
  view.tap('.wait__name');
  assert.deepEqual(view.events.map(({ name, detail }) => [name, detail.id]), [['confirm', 'w1'], ['open', 'w1']]);
  view.setData({ item: { ...item, offer: null, state: '您是第2位候补' } });
  assert.match(view.text(), /您是第2位候补/);
  done(view);
});
