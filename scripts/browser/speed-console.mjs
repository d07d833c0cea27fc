#!/usr/bin/env node
// How fast the console is: frames while a board of five hundred classes is scrolled, and how long it
// takes from a booking by the API to the card of an open board. Run by hand, on a quiet machine:
//
//   cargo build --release && YUEKE_BIN=target/release/yueke node scripts/browser/speed-console.mjs

import { at, card, Desk, until } from './console-desk.mjs';

const DAY = '2025-11-20';
const CLASSES = 500;
const SCROLL_MS = 3_000;
const WHEEL_EVERY_MS = 16;
const WHEEL_PIXELS = 120;
const BOOKINGS = 30;
/** A frame that took longer than one and a half of a screen's at 60 Hz left one out. */
const DROPPED_MS = 25;

const desk = await Desk.open('speed-console');
try {
  const ids = await makeClasses();
  const { page } = await desk.window('operator', '运营', `/board?date=${DAY}`);
  await until('all cards', async () => (await page.locator('.card').count()) === CLASSES);
  for (const throttle of [1, 4]) told(`scrolling ${CLASSES} classes, CPU ÷ ${throttle}`, await scroll(page, throttle));
  told('booking by the API → open card', await bookings(page, ids));
} finally {
  await desk.close();
}

async function makeClasses() {
  const { id: course_id } = await desk.admin.call('POST', '/courses', { name: '速度', kind: 1, duration_min: 60, default_capacity: 40 });
  const ids = [];
  for (let from = 0; from < CLASSES; from += 100) {
    const items = Array.from({ length: 100 }, (_, index) => ({ starts_at: new Date(Date.parse(at('00:00', DAY)) + (from + index) * 150_000).toISOString() }));
    const { created } = await desk.admin.call('POST', '/schedules/batch', { course_id, items });
    ids.push(...created.map(({ id }) => id));
  }
  return ids;
}

/** Turns the wheel down and up again for some seconds and takes the time of each frame. */
async function scroll(page, throttle) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: throttle });
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.move(700, 500);
  const measuring = page.evaluate(
    (length) =>
      new Promise((resolve) => {
        const frames = [];
        const begun = performance.now();
        let last = begun;
        const frame = (now) => {
          frames.push(now - last);
          last = now;
          if (now - begun < length) requestAnimationFrame(frame);
          else resolve(frames.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    SCROLL_MS,
  );
  const turning = (async () => {
    for (const end = Date.now() + SCROLL_MS; Date.now() < end; await sleep(WHEEL_EVERY_MS)) {
      await page.mouse.wheel(0, end - Date.now() > SCROLL_MS / 2 ? WHEEL_PIXELS : -WHEEL_PIXELS);
    }
  })();
  const frames = await measuring;
  await turning;
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  const rate = (part) => Math.round(1000 / quantile(frames, part));
  return {
    frames: frames.length,
    'median fps': rate(0.5),
    'p95 fps': rate(0.95),
    'longest ms': Math.round(Math.max(...frames)),
    dropped: frames.filter((took) => took > DROPPED_MS).length,
  };
}

/** From the request of a booking until the card in view has been drawn with it. */
async function bookings(page, ids) {
  await page.evaluate(() => scrollTo(0, 0));
  const [id] = ids;
  await card(page, id).getByText('0/40').waitFor();
  const students = await desk.students(Array.from({ length: BOOKINGS }, (_, index) => `快${index}`));
  const took = [];
  for (const [index, student] of students.entries()) {
    const shown = page.evaluate(([of, text]) => {
      const element = document.querySelector(`a.card[data-id="${of}"] .card__taken`).parentElement;
      return new Promise((resolve) => {
        const look = () => element.textContent.startsWith(text) && (observer.disconnect(), requestAnimationFrame(() => setTimeout(() => resolve(Date.now()))));
        const observer = new MutationObserver(look);
        observer.observe(element, { subtree: true, childList: true, characterData: true });
      });
    }, [id, `${index + 1}/`]);
    // The page has to be listening before the booking is on its way.
    await page.evaluate(() => undefined);
    const begun = Date.now();
    await student.book(id);
    took.push((await shown) - begun);
  }
  return { samples: took.length, 'median ms': quantile(took, 0.5), 'p95 ms': quantile(took, 0.95) };
}

function quantile(numbers, part) {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))];
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function told(what, figures) {
  console.log(`${what}: ${Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(', ')}`);
}
