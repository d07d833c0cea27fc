// A desk of the school: the console as somebody who works there has it open, people who book by the
// API meanwhile, and the clock that all of them go by.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { launch, openPage } from './browser.mjs';
import { Person, Server } from './server.mjs';

export const WAIT_MS = 15_000;
export const DAY = '2025-11-12';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** An instant of the demo's school: `at('12:30')`, `at('12:44:59.999')`, `at('09:00', '2025-11-13')`. */
export function at(time, day = DAY) {
  const [clock, fraction = '000'] = time.split('.');
  return `${day}T${clock.length === 5 ? `${clock}:00` : clock}.${fraction}+08:00`;
}

/** Waits for what no locator can wait for. */
export async function until(what, condition) {
  const end = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) assert.fail(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Somebody who uses the API, with what students do. */
export class Somebody {
  #person;

  static async logIn(base, role, name) {
    const somebody = new Somebody();
    somebody.#person = await Person.logIn(base, name, role);
    somebody.name = name;
    somebody.student = somebody.#person.students[0]?.id;
    somebody.account = somebody.#person.user.id;
    return somebody;
  }

  call(method, route, body) {
    return this.#person.call(method, route, body);
  }

  /** What must be refused: an error with `status`, `reason` and the literal `text`. */
  async refused(method, route, body) {
    const answer = await this.call(method, route, body).catch((error) => error);
    assert.ok(answer instanceof Error, `${method} ${route} was not refused`);
    return answer;
  }

  book = (schedule) => this.call('POST', '/bookings', { schedule_id: schedule });
  cancel = (booking) => this.call('DELETE', `/bookings/${booking.id}`);
  join = (schedule) => this.call('POST', '/waitlist/join', { course_schedule_id: schedule });
  accept = (entry, more = {}) => this.call('PUT', `/waitlist/${entry.waitlist_id}/respond`, { action: 'accept', ...more });
  decline = (entry) => this.call('PUT', `/waitlist/${entry.waitlist_id}/respond`, { action: 'decline' });
  begin = (entry) => this.call('POST', `/waitlist/${entry.waitlist_id}/begin`, {});
  refusedToAccept = (entry, more = {}) => this.refused('PUT', `/waitlist/${entry.waitlist_id}/respond`, { action: 'accept', ...more });
}

export class Desk {
  #people = new Map();

  /** The real binary with its demo data at a manual clock, and Chromium. */
  static async open(name, options = { now: at('06:00') }) {
    const desk = new Desk();
    desk.folder = path.join(process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-browser-')), name);
    rmSync(desk.folder, { recursive: true, force: true });
    mkdirSync(desk.folder, { recursive: true });
    desk.server = await Server.create(desk.folder, options);
    process.on('exit', () => desk.server.killNow());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
    await desk.server.start();
    desk.base = desk.server.base;
    desk.browser = await launch();
    desk.admin = await desk.somebody('admin', 'root');
    return desk;
  }

  async close() {
    await this.browser?.close();
    await this.server?.stop();
    console.log(`# screenshots and server.log: ${this.folder}`);
  }

  async somebody(role, name) {
    const key = `${role} ${name}`;
    if (!this.#people.has(key)) this.#people.set(key, await Somebody.logIn(this.base, role, name));
    return this.#people.get(key);
  }

  students(names) {
    return Promise.all(names.map((name) => this.somebody('student', name)));
  }

  /** Moves the clock; every deadline on the way is handled before this answers. */
  moveTo(now) {
    return this.admin.call('PUT', '/dev/clock', { now });
  }

  async teacher(name) {
    const { items } = await this.admin.call('GET', '/teachers?page_size=100');
    return items.find((one) => one.name === name).id;
  }

  /**
   * The console with this person logged in, from the address on. Each has a window of their own. `path`
   * is as in the address bar after `#`.
   */
  async window(role, name, address = '/board', options = {}) {
    const opened = await this.open(role, name, address, options);
    await live(opened.page);
    return opened;
  }

  /** The same for whom the console may have nothing to show. */
  async open(role, name, address = '/board', options = {}) {
    const code = `dev:${role}:${name}`;
    const login = await fetch(`${this.base}/api/v1/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    const { token, refresh_token: refreshToken, user } = (await login.json()).data;
    const storage = [{ name: 'yueke.console.session', value: JSON.stringify({ token, refreshToken, user, code }) }];
    const storageState = { cookies: [], origins: [{ origin: this.base, localStorage: storage }] };
    const opened = await openPage(this.browser, this.base, { viewport: { width: 1280, height: 900 }, storageState, acceptDownloads: true, ...options });
    opened.page.setDefaultTimeout(WAIT_MS);
    await opened.page.goto(`${this.base}/console/#${address}`);
    return opened;
  }

  shoot(page, name, options = {}) {
    return page.screenshot({ path: path.join(this.folder, `${name}.png`), animations: 'disabled', ...options });
  }
}

/** Waits until what the page shows is live. */
export function live(page) {
  return page.locator('.dot--live').first().waitFor({ state: 'attached' });
}

/** Another page of the console, without loading it anew. */
export async function visit(page, address) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#${address}`);
}

export const card = (page, id) => page.locator(`a.card[data-id="${id}"]`);
export const dialog = (page) => page.locator('dialog[open]').last();
export const toast = (page, text) => page.locator('.toast', { hasText: text });
export const rosterRow = (page, name) => page.locator('.roster__table').first().locator('tbody tr', { hasText: name });
export const entry = (page, name) => page.locator('.queue .entry', { has: page.getByRole('button', { name, exact: true }) });
export const storyLine = (page, text) => page.locator('.story__line', { hasText: text });

/** Presses a button of the open dialog. */
export const press = (page, name) => dialog(page).getByRole('button', { name, exact: true }).click();

/** The number beside a name in the head of a class, like `6/6`. */
export async function shows(page, name, value) {
  await page.locator('.class__counts .counts__one', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) }).locator('dd', { hasText: new RegExp(`^${value}$`) }).waitFor();
}

/** A refusal that was meant: the browser writes each into its console, and this one is no fault. */
export async function meant(seen, status) {
  const is = (fault) => fault.includes(`the server responded with a status of ${status}`);
  await until(`an answer with ${status}`, () => seen.faults.some(is));
  seen.faults.splice(seen.faults.findIndex(is), 1);
}

/** What the browser says of a server that is away, or of a token that the clock has moved past. */
export function forgive(seen, pattern) {
  seen.faults = seen.faults.filter((fault) => !pattern.test(fault));
}
export const AWAY = /net::ERR_(CONNECTION|EMPTY|SOCKET)|WebSocket connection to/;
export const TOKEN_RAN_OUT = /status of 401/;

/** Serious and critical findings of axe in the page as it is. */
export async function axeFindings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

export function scrollsSideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}
