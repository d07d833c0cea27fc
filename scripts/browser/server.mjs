// The real binary on a free loopback port with demo data in a folder of its own.

import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_MS_MAX = 60_000;
/** Demo data follows the clock, so a fixed morning gives the same classes whenever the test runs. */
const MORNING = '2025-11-12T06:00:00.000+08:00';

/** Where the real binary is, which must have been built. */
export function binary() {
  const place = path.resolve(
    process.env.YUEKE_BIN ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), 'debug/yueke'),
  );
  if (!existsSync(place)) throw new Error(`${place} is missing: run "cargo build" first, or set YUEKE_BIN`);
  return place;
}

export class Server {
  #child = null;

  /** `now` null lets the machine's clock run; without demo data the school is empty. */
  constructor(folder, port, { now = MORNING, demoData = true } = {}) {
    this.folder = folder;
    this.port = port;
    this.now = now;
    this.demoData = demoData;
    this.base = `http://127.0.0.1:${port}`;
  }

  static async create(folder, options) {
    return new Server(folder, await freePort(), options);
  }

  async start() {
    const log = createWriteStream(path.join(this.folder, 'server.log'), { flags: 'a' });
    const child = spawn(binary(), ['serve'], {
      cwd: this.folder,
      env: {
        ...foreign(process.env),
        YUEKE_LISTEN: `127.0.0.1:${this.port}`,
        YUEKE_DATABASE_URL: `sqlite://${path.join(this.folder, 'yueke.db')}`,
        YUEKE_DEMO_DATA: this.demoData ? '1' : '0',
        ...(this.now === null ? {} : { YUEKE_CLOCK: `manual:${this.now}` }),
        YUEKE_LOG: process.env.YUEKE_LOG ?? 'warn',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#child = child;
    await this.#ready(child);
  }

  /** Ends the process, by default in order; answers when it is gone. */
  async stop(signal = 'SIGTERM') {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(hard);
  }

  /** For the exit of this process itself, where nothing can be waited for. */
  killNow() {
    this.#child?.kill('SIGKILL');
  }

  async #ready(child) {
    const end = Date.now() + START_MS_MAX;
    while (Date.now() < end) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}; see ${this.folder}/server.log`);
      const answer = await fetch(`${this.base}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the server was not ready in ${START_MS_MAX / 1000} s; see ${this.folder}/server.log`);
  }
}

/** Somebody who uses the API and not the page: the visitor's rival. */
export class Person {
  #base;
  #login;
  #token;

  static async logIn(base, name, role = 'student') {
    return Person.enter(base, { code: `dev:${role}:${name}` });
  }

  /** Logs in with a body of `POST /login`. */
  static async enter(base, login) {
    const person = new Person();
    person.#base = base;
    person.#login = login;
    await person.#enter();
    return person;
  }

  static async register(base, account) {
    const person = new Person();
    person.#base = base;
    return person.call('POST', '/register', account);
  }

  /** Answers with the data; a refusal is an error with its `status`, `reason` and literal `text`. */
  async call(method, route, body) {
    const response = await this.#send(method, route, body);
    // Where the clock was moved by days, the token has ended.
    if (response.status === 401 && this.#token) {
      await this.#enter();
      return answerOf(await this.#send(method, route, body), method, route);
    }
    return answerOf(response, method, route);
  }

  async #enter() {
    this.#token = null;
    const answer = await this.call('POST', '/login', this.#login);
    this.#token = answer.token;
    this.user = answer.user;
    this.students = answer.students;
  }

  #send(method, route, body) {
    const headers = { 'Content-Type': 'application/json' };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    return fetch(`${this.#base}/api/v1${route}`, { method, headers, body: body && JSON.stringify(body) });
  }
}

async function answerOf(response, method, route) {
  const answer = await response.json();
  if (response.ok) return answer.data;
  const error = new Error(`${method} ${route}: ${response.status} ${answer.reason} ${answer.message}`);
  throw Object.assign(error, { status: response.status, reason: answer.reason, text: answer.error ?? answer.message });
}

/** Without the developer's own settings of the server. */
function foreign(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('YUEKE_')));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
