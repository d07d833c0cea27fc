// A person's phone with the mini-program's page on it.

import assert from 'node:assert/strict';
import { openPage } from './browser.mjs';

const PHONE = { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true, reducedMotion: 'reduce' };
export const WAIT_MS = 10_000;
/** What Chromium itself says of an answer that is a refusal. */
const REFUSED = /^console: Failed to load resource: the server responded with a status of (\d+)/;
/** And of a server or a network that is away. */
const CUT_OFF = /net::ERR_|WebSocket connection to|status of 503/;

/** Runs in the page: says no wherever WeChat asks whether it may write. */
function refuseMessages() {
  new MutationObserver(() => {
    const buttons = [...document.querySelectorAll('dialog[aria-label="订阅消息"] button')];
    buttons.find((button) => button.textContent === '拒绝')?.click();
  }).observe(document, { childList: true, subtree: true });
}

export class Phone {
  #refusals = new Set();
  #mayBeCutOff = false;

  /**
   * @param {{ name: string | null, role?: string }} who null is nobody yet: the page asks
   * @param {{ prepare?: (page) => Promise<void>, isAsked?: boolean }} options also those of a browser context;
   *   whoever does not want to be asked whether WeChat may write says no at once
   */
  static async open(browser, base, { name, role = 'student' }, at = '/pages/home/index', { prepare, isAsked = false, ...options } = {}) {
    const phone = new Phone();
    Object.assign(phone, await openPage(browser, base, { ...PHONE, ...options }), { name, role, base });
    phone.page.setDefaultTimeout(WAIT_MS);
    if (prepare) await prepare(phone.page);
    if (!isAsked) await phone.page.addInitScript(refuseMessages);
    const whose = name === null ? '' : `?${new URLSearchParams({ ...(role === 'student' ? {} : { role }), person: name })}`;
    await phone.page.goto(`${base}/m/${whose}#${at}`);
    await phone.screen.waitFor();
    return phone;
  }

  /** The page in front; tab pages live on hidden behind it. */
  get screen() {
    return this.page.locator('h5-frame:not([hidden]) > wx-page');
  }

  get timer() {
    return this.screen.getByRole('timer').first();
  }

  /** The dialog or sheet that asks something. */
  get sheet() {
    return this.page.getByRole('dialog');
  }

  /** WeChat asks whether it may write. */
  get question() {
    return this.page.getByRole('dialog', { name: '订阅消息' });
  }

  get toast() {
    return this.page.locator('h5-toast');
  }

  /** Waits until these words are to be seen on the page in front. */
  async sees(words, within = this.screen) {
    await within.getByText(words).filter({ visible: true }).first().waitFor();
  }

  async seesNo(words, within = this.screen) {
    await within.getByText(words).filter({ visible: true }).first().waitFor({ state: 'detached' });
  }

  /** Waits until the timer shows this, as in `14:20`. */
  async counts(time, timer = this.timer) {
    await timer.filter({ hasText: time }).waitFor();
  }

  button(name, within = this.screen) {
    return within.getByRole('button', { name }).filter({ visible: true }).first();
  }

  async tap(name, within = this.screen) {
    await this.button(name, within).tap();
  }

  /** A row of a list. */
  row(words) {
    return this.screen.locator('.rows__row', { hasText: words });
  }

  /** Taps a row or a word that is no button. */
  async tapOn(words, within = this.screen) {
    await within.getByText(words).filter({ visible: true }).first().tap();
  }

  /** Answers the dialog that is open. */
  async answer(name) {
    await this.sheet.getByRole('button', { name, exact: true }).tap();
  }

  /** Opens the page that an address names, as a message does. */
  async go(at) {
    await this.page.evaluate((to) => { location.hash = `#${to}`; }, at);
    await this.isAt(at.replace(/^\//, '').split('?')[0]);
  }

  async isAt(path) {
    await this.page.waitForFunction((wanted) => __mp.router.current?.path === wanted, path);
  }

  /** The page shows what it is for; or, where that is asked for, that it has `failed`. */
  async isReady(status = 'ready') {
    await this.page.waitForFunction((wanted) => __mp.router.current.caller.data.status === wanted, status, { polling: 30 });
  }

  /** Waits for something that is not on the screen. */
  async until(condition) {
    const end = Date.now() + WAIT_MS;
    while (!(await condition())) {
      assert.ok(Date.now() < end, `waited in vain: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The socket tells what happens to this person. */
  isLive() {
    return this.until(() => this.seen.heard.some(({ type, topic }) => type === 'snapshot' && topic === 'me'));
  }

  /** Goes into the background, or comes back. */
  async background() {
    await this.page.evaluate(() => __mp.lifecycle.background());
  }

  async foreground() {
    await this.page.evaluate(() => __mp.lifecycle.foreground());
  }

  /** The requests of the page to a route, as `{ method, key, body }`, as long as it is open. */
  listensTo(route) {
    const asked = [];
    this.page.on('request', (request) => {
      if (!new URL(request.url()).pathname.endsWith(route)) return;
      asked.push({ method: request.method(), key: request.headers()['idempotency-key'], body: request.postData() });
    });
    return asked;
  }

  /** The server or the network was away: what Chromium says about that, now or later, is no fault of the page. */
  wasCutOff() {
    this.#mayBeCutOff = true;
  }

  /** A refusal with this status may come: Chromium writes a line of its own about it. */
  expects(...statuses) {
    for (const status of statuses) this.#refusals.add(String(status));
    return this;
  }

  /** Nothing that a device would refuse, no error, no violation of the policy, nothing from outside. */
  async isWell() {
    const problems = await this.page.evaluate(() => __mp.problems);
    assert.deepEqual(problems, [], `${this.name}: misuse`);
    const isMeant = (fault) => this.#refusals.has(REFUSED.exec(fault)?.[1]) || (this.#mayBeCutOff && CUT_OFF.test(fault));
    const faults = this.seen.faults.filter((fault) => !isMeant(fault));
    assert.deepEqual(faults, [], `${this.name}: faults`);
  }

  close() {
    return this.context.close();
  }
}
