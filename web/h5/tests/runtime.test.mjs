// The fixture's program in a window of jsdom's: what needs no layout.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { compileApp, load, plain, render, start } from '../../unit/render.mjs';

const app = await compileApp('web/h5/tests/fixture');
const open = [];

afterEach(() => {
  for (const view of open.splice(0)) view.close();
});

function run(options) {
  const view = start(app, options);
  open.push(view);
  return view;
}

const show = (wxml, options) => {
  const view = render(app, wxml, options);
  open.push(view);
  return view;
};
const notes = (view) => plain(view.mp.modules.app.notes);
const visible = (view) => view.find('h5-frame:not([hidden]) > wx-page');

test('templates, includes, WXS, loops and conditions are drawn', () => {
  const view = run();
  assert.equal(view.text('.included'), 'included hi');
  assert.equal(view.text('.card'), 'T:hi-2');
  assert.equal(view.text('.wxs'), 'text number 1,4,9 2025 ab 8');
  assert.equal(view.text('.nest'), 'Ap0 Aq1 Br0');
  assert.equal(view.text('.condition'), 'two');
  view.page().setData({ number: 5 });
  assert.equal(view.text('.condition'), 'many');
  assert.equal(view.find('.secret').hidden, true);
  assert.deepEqual(view.problems(), []);
});

test('taps bubble, catch stops them, and handlers get what a device gives', () => {
  const view = run();
  view.tap('.caught');
  assert.deepEqual(plain(view.page().heard), ['inner']);
  assert.deepEqual(plain(view.page().last), { dataset: { aB: 'x' }, mark: { place: 7 }, type: 'tap', x: 0, id: '' });
  view.tap('.through');
  assert.deepEqual(plain(view.page().heard), ['inner', 'inner', 'outer']);
  assert.deepEqual(plain(view.page().last.dataset), { line: { key: 'A', values: ['p', 'q'] } });
});

test('behaviours, relations, generics, external classes and events of components', () => {
  const view = run();
  const page = view.page();
  assert.deepEqual(plain(page.selectComponent('#parent').names), ['x', 'y']);
  page.setData({ hasChild: false });
  assert.deepEqual(plain(page.selectComponent('#parent').names), ['x']);
  assert.ok(notes(view).includes('child y detached'));
  assert.deepEqual(view.findAll('.row').map((row) => row.textContent), ['#1/2', '#2/4', '#3/6']);
  view.tap('x-badge > wx-view');
  assert.deepEqual(plain(page.pinged), { list: [1] });
  page.setData({ number: 99 });
  assert.equal(view.find('x-badge').hidden, true);
});

test('pages and the program live as on a device', async () => {
  const view = run();
  view.mp.wx.switchTab({ url: '/pages/second/second' });
  view.mp.wx.switchTab({ url: '/pages/home/home' });
  view.mp.wx.switchTab({ url: '/pages/second/second' });
  assert.deepEqual(notes(view).filter((note) => !note.startsWith('child') && note !== 'home ready'), [
    'app launch pages/home/home', 'app show', 'home load ', 'home show', 'home hide',
    'second load', 'second show', 'second pageLifetimes show', 'second hide', 'home show', 'home hide', 'second show', 'second pageLifetimes show',
  ]);
  assert.match(view.text(visible(view)), /second, loaded 1 time/);
  view.mp.lifecycle.background();
  assert.deepEqual(notes(view).slice(-2), ['second hide', 'app hide']);
  view.mp.lifecycle.foreground();
  assert.deepEqual(notes(view).slice(-3), ['app show', 'second show', 'second pageLifetimes show']);
});

test('every tab page has a tab bar of its own', () => {
  const view = run();
  view.mp.wx.switchTab({ url: '/pages/second/second' });
  const bars = view.findAll('h5-tab-bar-root');
  assert.equal(bars.length, 2);
  assert.equal(visible(view).querySelector('[aria-current="page"]').textContent, '第二页');
  view.tap(visible(view).querySelector('[data-index="0"]'));
  assert.equal(view.page().route, 'pages/home/home');
});

test('reLaunch closes every page, also tab pages that are not shown', () => {
  const view = run();
  view.mp.wx.switchTab({ url: '/pages/second/second' });
  view.mp.wx.navigateTo({ url: '/sub/pages/leaf/leaf' });
  view.mp.wx.reLaunch({ url: '/pages/home/home?x=new' });
  assert.equal(view.findAll('h5-frame').length, 1);
  assert.ok(notes(view).includes('home unload'));
  assert.ok(notes(view).includes('home load new'));
});

test('a page that is left while it refreshes can be refreshed again', () => {
  const view = run({ at: '/pages/deep/deep?name=x' });
  const page = view.page();
  const pull = () => view.mp.wx.startPullDownRefresh();
  pull();
  pull();
  assert.equal(page.heard.pulled, 1);
  view.mp.wx.navigateTo({ url: '/sub/pages/leaf/leaf' });
  view.mp.wx.stopPullDownRefresh();
  view.mp.wx.navigateBack();
  assert.equal(view.find('h5-pull[data-busy]'), null);
  pull();
  assert.equal(page.heard.pulled, 2);
});

test('an address that is no text leads to the first page', () => {
  const view = run({ at: '/pages/deep/deep?name=%' });
  assert.equal(view.page().route, 'pages/home/home');
  assert.deepEqual(view.problems(), []);
});

test('a page hears from the one that it opened', () => {
  const view = run();
  const heard = [];
  view.mp.wx.navigateTo({ url: '/pages/deep/deep?name=%E4%BD%A0', events: { opened: (data) => heard.push(data) } });
  assert.deepEqual(plain(heard), [{ by: '%E4%BD%A0' }]);
  view.mp.wx.navigateBack();
  assert.equal(view.page().route, 'pages/home/home');
});

test('a page that goes elsewhere while it loads leaves nothing behind', () => {
  const view = run({ at: '/sub/pages/leaf/leaf?away=1' });
  assert.equal(view.page().route, 'pages/home/home');
  assert.equal(view.findAll('h5-frame').length, 1);
  assert.deepEqual(view.problems(), []);
});

test('what comes after a page was closed is drawn nowhere, and is no fault', () => {
  const view = run();
  for (const at of ['/pages/fields/fields', '/pages/views/views']) {
    view.mp.wx.navigateTo({ url: at });
    const page = view.page();
    view.mp.wx.navigateBack();
    page.setData({ name: 'late', note: 'late', disabled: false, current: 2, live: 'late', html: '<i>late</i>', isCovered: true });
  }
  assert.deepEqual(view.problems(), []);
});

test('the focus goes to a new page, and back to where it was', () => {
  const view = run();
  assert.equal(view.window.document.activeElement.localName, 'body');
  view.find('.link').focus();
  view.tap('.link');
  assert.equal(view.window.document.activeElement.getAttribute('is'), 'sub/pages/leaf/leaf');
  view.mp.wx.navigateBack();
  assert.equal(view.window.document.activeElement, view.find('.link'));
});

test('fields: one event for one change, forms collect, labels name and press', () => {
  const view = run({ at: '/pages/fields/fields' });
  const { heard } = view.page();
  view.type('.name', 'abc');
  assert.equal(view.find('.name input').value, 'ABC');
  assert.equal(heard.input, 1);
  assert.equal(view.find('.name input').getAttribute('aria-label'), '姓名');
  assert.equal(view.find('.note textarea').getAttribute('aria-label'), '备注');
  view.press('.name input', 'Enter');
  assert.equal(heard.confirm, true);
  view.type('.note', 'text');
  assert.equal(view.page().data.note, 'text');
  view.tap('.one');
  assert.deepEqual(plain(view.page().data.checks), ['1', '2']);
  assert.equal(heard.change, 1);
  view.tap(view.findAll('wx-radio')[1]);
  view.tap('.switch');
  view.tap('.off');
  assert.equal(heard.never, undefined);
  view.tap('.submit');
  assert.deepEqual(plain(heard.submit), { name: 'ABC', note: 'text', checks: ['1', '2'], radio: 'r2', switch: true, slider: 3, single: null, multi: [0, 0], date: '2030-01-02', time: '19:00', own: 'own' });
  view.tap('.reset');
  assert.equal(heard.reset, true);
  assert.equal(view.find('.name input').value, '');
  assert.deepEqual(view.problems(), []);
});

test('a press of Enter or Space on what is a button presses it', () => {
  const view = run({ at: '/pages/views/views' });
  const action = view.find('.action');
  assert.equal(action.getAttribute('role'), 'button');
  assert.equal(action.tabIndex, 0);
  assert.equal(view.find('.live').getAttribute('aria-live'), 'polite');
  view.press(action, 'Enter');
  assert.equal(view.text('.live'), '说了');
  view.page().setData({ live: '' });
  view.press(action, ' ');
  assert.equal(view.text('.live'), '说了');
});

test('rich text shows and never acts', () => {
  const view = run({ at: '/pages/views/views' });
  view.page().setData({ html: '<b onclick="alert(1)">bold</b><script>alert(1)</script><img src="x" onerror="alert(2)"><a href="javascript:alert(3)">link</a>' });
  assert.equal(view.find('.html').innerHTML, '<b>bold</b><img alt=""><a>link</a>');
  assert.equal(view.find('.nodes').innerHTML, '<p class="given">node</p>');
});

test('colours of the theme follow the system', () => {
  const view = run();
  const heard = [];
  view.mp.wx.onThemeChange(({ theme }) => heard.push(theme));
  assert.equal(view.mp.wx.getAppBaseInfo().theme, 'light');
  assert.equal(view.find('#app').style.getPropertyValue('--h5-nav-back'), '#fffdf8');
  view.window.setDark(true);
  assert.deepEqual(heard, ['dark']);
  assert.equal(view.mp.wx.getAppBaseInfo().theme, 'dark');
  assert.equal(view.find('#app').style.getPropertyValue('--h5-nav-back'), '#1d1f20');
  assert.equal(view.find('h5-nav').dataset.text, 'white');
});

test('two people in one browser are two phones', async () => {
  const lin = run({ search: '?person=林小雨' });
  const teacher = run({ search: '?person=林小雨&role=teacher' });
  const nobody = run();
  lin.mp.wx.setStorageSync('seat', 1);
  assert.deepEqual(lin.window.localStorage.length, 1);
  assert.match(lin.window.localStorage.key(0), /student:林小雨/);
  assert.equal((await lin.mp.wx.login()).code, 'dev:student:林小雨');
  assert.equal((await teacher.mp.wx.login()).code, 'dev:teacher:林小雨');
  await assert.rejects(nobody.mp.wx.login(), ({ errMsg }) => errMsg.startsWith('login:fail no person was chosen'));
  nobody.mp.wx.setStorageSync('demo-person', '王同学');
  assert.equal((await nobody.mp.wx.login()).code, 'dev:student:王同学');
  nobody.mp.wx.setStorageSync('demo-person', { role: 'teacher', name: '高老师' });
  assert.equal((await nobody.mp.wx.login()).code, 'dev:teacher:高老师');
  assert.equal(nobody.mp.wx.getAccountInfoSync().miniProgram.envVersion, 'h5');
});

test('storage gives back what was put in, and says what it has', () => {
  const { mp } = run();
  mp.wx.setStorageSync('a', { b: [1, null] });
  assert.deepEqual(plain(mp.wx.getStorageSync('a')), { b: [1, null] });
  assert.equal(mp.wx.getStorageSync('none'), '');
  assert.deepEqual([...mp.wx.getStorageInfoSync().keys], ['a']);
  mp.wx.removeStorageSync('a');
  assert.equal(mp.wx.getStorageSync('a'), '');
  assert.throws(() => mp.wx.setStorageSync('big', 'x'.repeat(1024 * 1024 + 1)), /size limit/);
});

test('at most ten requests at a time; any status is a success', async () => {
  const asked = [];
  const fetch = (url, options) => new Promise((resolve) => asked.push({ url, options, resolve }));
  const { mp, settle } = run({ fetch });
  const answers = [];
  for (let count = 0; count < 12; count += 1) {
    mp.wx.request({ url: 'https://yueke.example.com/api', method: 'POST', data: { count }, success: ({ statusCode, data }) => answers.push([statusCode, data.a]) });
  }
  assert.equal(asked.length, 10);
  assert.equal(asked[0].url, 'http://localhost/api');
  assert.equal(asked[0].options.body, '{"count":0}');
  asked[0].resolve(new Response('{"a":1}', { status: 409 }));
  await settle();
  assert.deepEqual(answers, [[409, 1]]);
  assert.equal(asked.length, 11);
  assert.deepEqual([...mp.problems], []);
});

test('a request that takes too long fails as a time-out', async () => {
  const fetch = (url, { signal }) => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
  });
  const { mp, settle, clock } = run({ fetch, now: 0 });
  const failed = [];
  mp.wx.request({ url: 'https://yueke.example.com/api', timeout: 1000, fail: ({ errMsg }) => failed.push(errMsg) });
  clock.tick(1001);
  await settle();
  assert.deepEqual(failed, ['request:fail timeout']);
});

class FakeSocket {
  static all = [];

  readyState = 1;

  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  send() {}

  close(code = 1000, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

test('sockets are dropped after five seconds in the background', () => {
  const { mp, clock } = run({ WebSocket: FakeSocket, now: 0 });
  const closed = [];
  mp.wx.connectSocket({ url: 'wss://yueke.example.com/ws' }).onClose(({ code }) => closed.push(code));
  assert.match(FakeSocket.all.at(-1).url, /^ws:\/\/localhost\/ws$/);
  mp.lifecycle.background();
  clock.tick(4999);
  mp.lifecycle.foreground();
  clock.tick(60_000);
  assert.deepEqual(closed, []);
  mp.lifecycle.background();
  clock.tick(5000);
  assert.deepEqual(closed, [1006]);
});

const MISUSE = {
  undefinedData: /setData: .*setData\("text", undefined\)/,
  hugeData: /setData: .*at most 1 MB/,
  missingApi: /wx: wx.startBluetoothDevicesDiscovery is not in the H5 build/,
  foreignHost: /domain: https:\/\/elsewhere/,
  throwing: /error: Error: swallowed on a device/,
  tooManySockets: /socket: more than 5 sockets/,
  askLate: /subscribe: requestSubscribeMessage was not called in a tap/,
  toTab: /navigation: navigateTo\("\/pages\/home\/home"\): a tab page/,
  tooDeep: /navigation: navigateTo\("\/sub\/pages\/leaf\/leaf"\): more than 10 pages/,
};

for (const [button, problem] of Object.entries(MISUSE)) {
  test(`misuse is told: ${button}`, () => {
    const view = run({ at: '/pages/misuse/misuse', now: 0, WebSocket: FakeSocket });
    assert.deepEqual(view.problems(), ['handler: pages/misuse/misuse: WXML binds "misspelled", which is no method']);
    view.tap(`.${button}`);
    view.clock.tick(10);
    assert.equal(view.problems().length, 2, view.problems().join('\n'));
    assert.match(view.problems()[1], problem);
  });
}

test('asking for messages in a tap opens the question, and the answer is given by template', async () => {
  let answer;
  const ask = () => view.mp.wx.requestSubscribeMessage({ tmplIds: ['one', 'two'], success: (result) => { answer = result; } });
  const view = show('<button class="ask" bindtap="ask">ask</button>', { methods: { ask } });
  view.tap('.ask');
  await view.settle();
  view.findAll('.h5-dialog input')[1].checked = false;
  view.tap('.h5-dialog__button--confirm');
  await view.settle();
  assert.deepEqual({ ...answer }, { errMsg: 'requestSubscribeMessage:ok', one: 'accept', two: 'reject' });
  assert.deepEqual(view.problems(), []);
});

test('a question about messages can be taken back, and is then not answered', async () => {
  const heard = [];
  let question;
  const ask = () => { question = view.mp.wx.requestSubscribeMessage({ tmplIds: ['one'], success: () => heard.push('answered'), fail: ({ errMsg }) => heard.push(errMsg) }); };
  const view = show('<button class="ask" bindtap="ask">ask</button>', { methods: { ask } });
  view.tap('.ask');
  await view.settle();
  assert.equal(view.findAll('.h5-dialog').length, 1);
  question.abort();
  await view.settle();
  assert.equal(view.findAll('.h5-dialog').length, 0);
  assert.deepEqual(heard, ['requestSubscribeMessage:fail abort']);
  view.tap('.ask');
  question.abort();
  await view.settle();
  assert.equal(view.findAll('.h5-dialog').length, 0, 'also before it was drawn');
  assert.deepEqual(view.problems(), []);
});

test('dialogs, sheets and toasts answer and go', async () => {
  const view = run({ now: 0 });
  const answers = [];
  view.mp.wx.showModal({ title: '确认预约？', content: '还剩5分钟决策时间', success: ({ confirm, cancel }) => answers.push([confirm, cancel]) });
  assert.equal(view.find('dialog').getAttribute('aria-label'), '确认预约？');
  view.tap('.h5-dialog__button--cancel');
  await view.settle();
  view.mp.wx.showActionSheet({ itemList: ['甲', '乙'], success: ({ tapIndex }) => answers.push(tapIndex) });
  view.tap(view.findAll('.h5-dialog__row')[1]);
  await view.settle();
  view.mp.wx.showActionSheet({ itemList: ['甲'], fail: ({ errMsg }) => answers.push(errMsg) });
  view.tap('.h5-dialog__row--last');
  await view.settle();
  assert.deepEqual(answers, [[false, true], 1, 'showActionSheet:fail cancel']);
  assert.equal(view.find('dialog'), null);
  view.mp.wx.showToast({ title: '已候补' });
  assert.equal(view.text('[role="status"] span'), '已候补');
  view.clock.tick(1500);
  assert.equal(view.find('h5-toast').textContent, '');
});

test('a component is shown in a test with data, events and a clock', () => {
  const view = show('<app-counter class="c" step="{{step}}" bind:more="heard" />', {
    components: { 'app-counter': 'components/counter/counter' },
    data: { step: 2 },
    methods: { heard() {} },
    now: '2025-11-12T12:00:00+08:00',
  });
  view.tap('.c wx-button');
  assert.deepEqual(view.events, [{ name: 'heard', type: 'more', detail: { count: 2 } }]);
  view.setData({ step: 3 });
  view.tap('.c wx-button');
  assert.equal(view.component('.c').data.count, 5);
  assert.equal(new view.window.Date().toISOString(), '2025-11-12T04:00:00.000Z');
});

test('a module is loaded in a test without any page', () => {
  const module = load(app, 'utils/notes');
  open.push(module);
  module.exports.note('one');
  assert.deepEqual([...module.exports.notes], ['one']);
});
