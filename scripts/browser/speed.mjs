// How fast the mini-program's page is: a measurement, run by hand, that prints a table.
//
//   cargo build --release && YUEKE_BIN=target/release/yueke node scripts/browser/speed.mjs
//
// The numbers are of this machine and of Chromium; compare two runs beside each other only.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { Bare } from './bare.mjs';
import { launch } from './browser.mjs';
import { Phone } from './mini-phone.mjs';
import { School } from './school.mjs';
import { Server } from './server.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BOOKINGS = 30;
const STARTS = 7;
const SLOWER = 4;
const folder = mkdtempSync(path.join(os.tmpdir(), 'yueke-speed-'));
const rows = [];

/** A server on the machine's clock, as people have it: a manual one is asked for every second. */
const server = await serve('school', { now: null, demoData: false });
const demo = await serve('demo', { now: null });
const browser = await launch();
try {
  await measureSeat();
  await measureStart();
  for (const area of ['m', 'console', 'start']) measureSize(area);
} finally {
  await browser.close();
  await Promise.all([server.stop(), demo.stop()]);
}
print(rows);

async function serve(name, options) {
  const own = path.join(folder, name);
  mkdirSync(own);
  const started = await Server.create(own, options);
  await started.start();
  process.on('exit', () => started.killNow());
  return started;
}

/** From the request that books to the seat on a page that somebody else has open. */
async function measureSeat() {
  const school = await School.open(server.base);
  const starts = new Date(Date.now() + 172_800_000).toISOString();
  const lesson = await school.lesson({ starts, capacity: BOOKINGS + 1, free: BOOKINGS + 1 });
  const phone = await Phone.open(browser, server.base, { name: '旁观者' }, `/pages/schedules/detail?id=${lesson.id}`);
  await phone.sees(`剩 ${BOOKINGS + 1} 席`);
  await phone.isLive();
  const [answered, shown] = [[], []];
  for (let taken = 1; taken <= BOOKINGS; taken += 1) {
    const person = await school.person(`订座${taken}`);
    const seen = phone.page.evaluate((words) => new Promise((resolve) => {
      const look = () => (document.body.innerText.includes(words) ? resolve(performance.timeOrigin + performance.now()) : requestAnimationFrame(look));
      look();
    }), `剩 ${BOOKINGS + 1 - taken} 席`);
    const began = performance.timeOrigin + performance.now();
    await lesson.book(person);
    answered.push(performance.timeOrigin + performance.now() - began);
    shown.push((await seen) - began);
  }
  rows.push(['a booking is answered', answered], ['its seat shows on an open page', shown]);
  await phone.close();
}

/** The first page of somebody who has never been here, on a processor that is slower. */
async function measureStart() {
  const bare = new Bare();
  const [painted, usable] = [[], []];
  for (let start = 0; start < STARTS; start += 1) {
    const url = `${demo.base}/m/?${new URLSearchParams({ person: `新来${start}` })}#/pages/home/index`;
    const [paint, ready] = await bare.visit(url, { slower: SLOWER, script: `(${tellWhenUsable})()`, read: 'window.usable' });
    painted.push(paint);
    usable.push(ready);
  }
  await bare.close();
  rows.push([`first paint, ${SLOWER} × slower`, painted], [`the first page with its classes, ${SLOWER} × slower`, usable]);
}

/** Runs in the page. */
function tellWhenUsable() {
  const look = () => {
    const data = window.__mp?.router?.current?.caller?.data;
    if (data?.status !== 'ready' || data.classes.length === 0) return requestAnimationFrame(look);
    // After the next frame it is not only known but drawn, and a tap is heard.
    return requestAnimationFrame(() => setTimeout(() => {
      window.usable = [performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()];
    }));
  };
  look();
}

/** What a browser is sent for a page, packed as the server sends it. */
function measureSize(area) {
  const place = path.join(ROOT, 'web/built', area);
  const files = readdirSync(place).map((name) => readFileSync(path.join(place, name)));
  const sum = (sizes) => `${Math.round(sizes.reduce((all, size) => all + size, 0) / 1024)} KiB`;
  rows.push([`/${area === 'start' ? '' : `${area}/`} is`, `${sum(files.map((file) => file.length))}, packed ${sum(files.map((file) => brotliCompressSync(file).length))}`]);
}

function print(table) {
  const wide = Math.max(...table.map(([name]) => name.length)) + 2;
  for (const [name, values] of table) {
    if (typeof values === 'string') process.stdout.write(`${name.padEnd(wide)}${values}\n`);
    else process.stdout.write(`${name.padEnd(wide)}median ${at(values, 0.5)} ms, p95 ${at(values, 0.95)} ms, of ${values.length}\n`);
  }
}

function at(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
}
