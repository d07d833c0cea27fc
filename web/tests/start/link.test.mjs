import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { JSDOM } from 'jsdom';

test('the state of the connection is announced once: its figures are shown beside it, and not said', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.parse('2025-11-12T12:30:00.000+08:00') });
  const { window } = new JSDOM(await readFile(new URL('../../../start/index.html', import.meta.url), 'utf8'));
  t.after(() => window.close());
  for (const name of ['document', 'navigator']) Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
  const { useLanguage } = await import('../../../start/lib/i18n.js');
  useLanguage('zh');
  const { LinkState } = await import('../../../start/views/link.js');
  const link = new LinkState();
  const state = window.document.getElementById('link-state');
  const shown = () => state.textContent;
  const announced = () => [...state.querySelectorAll('span')].filter((span) => span.childElementCount === 0 && !span.closest('[aria-hidden]')).map((span) => span.textContent).join('');
  assert.equal(state.getAttribute('role'), 'status');

  link.update({ state: 'live', roundTripMs: 3.21 });
  assert.deepEqual([shown(), announced()], ['实时 · 3.2 毫秒', '实时']);
  link.update({ state: 'live', roundTripMs: 25 });
  assert.deepEqual([shown(), announced()], ['实时 · 25 毫秒', '实时']);
  link.update({ state: 'waiting', retryAt: Date.now() + 4000 });
  assert.deepEqual([shown(), announced()], ['连接断开，4 秒后重连', '连接断开']);
  t.mock.timers.tick(2000);
  assert.deepEqual([shown(), announced()], ['连接断开，2 秒后重连', '连接断开']);
  link.update({ state: 'connecting' });
  assert.equal(shown(), '正在连接…');
});
