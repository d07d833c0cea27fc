// What a file of tests in Chromium has: a folder, the real binary, a school, a browser, and phones
// that are looked at when the test has ended and then put away.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { launch } from './browser.mjs';
import { Phone } from './mini-phone.mjs';
import { School } from './school.mjs';
import { Server } from './server.mjs';

/** Screenshots and logs of all files go to YUEKE_TEST_FOLDER, else to a temporary folder. */
const ROOT = process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-browser-'));

export class Stage {
  #phones = [];
  #servers = [];

  /** To be awaited at the top of a file. `options` are the server's. */
  static async open(name, options = {}) {
    const stage = new Stage();
    after(() => stage.#fall(), { timeout: 30_000 });
    process.on('exit', () => stage.#servers.forEach((server) => server.killNow()));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
    stage.folder = path.join(ROOT, name);
    rmSync(stage.folder, { recursive: true, force: true });
    stage.server = await stage.serve('server', options);
    stage.school = await School.open(stage.server.base);
    stage.browser = await launch();
    return stage;
  }

  /** Starts the server again, whose clock goes on where it was. */
  restart() {
    if (this.school.now) this.server.now = this.school.now;
    return this.server.start();
  }

  /** A server with a database of its own, which is stopped with the others. */
  async serve(name, options) {
    const folder = path.join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    const server = await Server.create(folder, options);
    this.#servers.push(server);
    await server.start();
    return server;
  }

  async #fall() {
    await this.browser?.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
    console.log(`# screenshots and logs: ${this.folder}`);
  }

  /** A phone of somebody with this name; it is put away after the test. */
  async phone(who, at, { base = this.server.base, ...options } = {}) {
    const phone = await Phone.open(this.browser, base, typeof who === 'string' ? { name: who } : who, at, options);
    this.#phones.push(phone);
    return phone;
  }

  /** Puts a phone away before its test ends. */
  async away(phone) {
    await phone.isWell();
    this.#phones.splice(this.#phones.indexOf(phone), 1);
    await phone.close();
  }

  /** Several at once, all at the same place. */
  phones(names, at) {
    return Promise.all(names.map((name) => this.phone(name, at)));
  }

  /** A test after which every phone is well. */
  test(title, run) {
    test(title, async () => {
      try {
        await run();
        for (const phone of this.#phones) await phone.isWell();
      } catch (error) {
        await Promise.all(this.#phones.map((phone) => this.#tell(phone, `failed ${title} ${phone.name}`)));
        throw error;
      } finally {
        await Promise.all(this.#phones.splice(0).map((phone) => phone.close()));
      }
    });
  }

  /** What a phone showed and heard when its test failed. */
  async #tell(phone, name) {
    await this.shoot(phone, name).catch(() => {});
    writeFileSync(path.join(this.folder, `${name.replaceAll('/', '-')}.json`), JSON.stringify(phone.seen, null, 1));
  }

  shoot(phone, name) {
    return phone.page.screenshot({ path: path.join(this.folder, `${name.replaceAll('/', '-')}.png`) });
  }
}
