// Chromium with nobody listening in. Playwright hears of each request, and where a request came from;
// to tell it, V8 reads the page's program once more, which on a slow processor is a third of a start.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumPath, FLAGS } from './browser.mjs';

const PHONE = { width: 375, height: 812, deviceScaleFactor: 1, mobile: true };

export class Bare {
  #calls = new Map();
  #last = 0;
  #heard = '';

  constructor() {
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'yueke-bare-'));
    const args = [...FLAGS, '--headless=new', '--remote-debugging-pipe', `--user-data-dir=${this.folder}`, 'about:blank'];
    this.process = spawn(chromiumPath(), args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.process.stdio[4].setEncoding('utf8').on('data', (text) => this.#hear(text));
  }

  /**
   * What `read`, a script, says of a page once it says anything: opened as if for the first time, on a
   * processor so many times slower, with `script` run before all else.
   */
  async visit(url, { slower, script, read, withinMs = 20_000 }) {
    const { browserContextId } = await this.#call('Target.createBrowserContext');
    const { targetId } = await this.#call('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.#call('Target.attachToTarget', { targetId, flatten: true });
    const call = (method, params) => this.#call(method, params, sessionId);
    await call('Page.enable');
    await call('Emulation.setDeviceMetricsOverride', PHONE);
    await call('Emulation.setCPUThrottlingRate', { rate: slower });
    await call('Page.addScriptToEvaluateOnNewDocument', { source: script });
    await call('Page.navigate', { url });
    const end = Date.now() + withinMs;
    for (;;) {
      await new Promise((resolve) => { setTimeout(resolve, 200); });
      const { result } = await call('Runtime.evaluate', { expression: read, returnByValue: true });
      if (result.value !== undefined && result.value !== null) {
        await this.#call('Target.disposeBrowserContext', { browserContextId });
        return result.value;
      }
      if (Date.now() > end) throw new Error(`${url} says nothing of ${read}`);
    }
  }

  async close() {
    const gone = new Promise((resolve) => { this.process.once('exit', resolve); });
    await this.#call('Browser.close');
    await gone;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #call(method, params = {}, sessionId = undefined) {
    this.#last += 1;
    const id = this.#last;
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => { this.#calls.set(id, { resolve, reject, method }); });
  }

  #hear(text) {
    const parts = (this.#heard + text).split('\0');
    this.#heard = parts.pop();
    for (const part of parts) {
      const { id, result, error } = JSON.parse(part);
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error) call?.reject(new Error(`${call.method}: ${error.message}`));
      else call?.resolve(result);
    }
  }
}
