// Chromium, and pages that write down everything they did wrong.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function chromiumPath() {
  const found = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (!found) throw new Error('Chromium is missing: install it, or set CHROMIUM to its path');
  return found;
}

export const launch = () => chromium.launch({ executablePath: chromiumPath(), args: FLAGS });

/** A page with its `faults`, its `requests`, how many `sockets` are open, and the frames they `heard` and `said`. */
export async function openPage(browser, base, options = {}) {
  const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1366, height: 900 }, ...options });
  const page = await context.newPage();
  const seen = { faults: [], requests: [], heard: [], said: [], sockets: 0 };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') seen.faults.push(`console: ${message.text()} ${message.location().url}`);
    if (message.text().startsWith('CSP ')) seen.faults.push(message.text());
  });
  page.on('pageerror', (error) => seen.faults.push(`page: ${error.stack ?? error}`));
  page.on('request', (request) => {
    seen.requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
    if (!request.url().startsWith(base) && !request.url().startsWith('data:')) seen.faults.push(`outside: ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    seen.sockets += 1;
    socket.on('close', () => { seen.sockets -= 1; });
    socket.on('framereceived', ({ payload }) => seen.heard.push(JSON.parse(payload)));
    socket.on('framesent', ({ payload }) => seen.said.push(JSON.parse(payload)));
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.info(`CSP ${event.violatedDirective} ${event.blockedURI}`));
  });
  return { page, seen, context };
}

/** What axe finds serious or worse in the page as it is. */
export async function seriousFindings(page) {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'], iframes: false }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

/**
 * Every visible text whose contrast with what is behind it is under 4.5 (3 where it is large).
 * Runs in the page; see through-layers are mixed as the browser does.
 */
export function lowContrast(page) {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    canvas.canvas.width = canvas.canvas.height = 1;
    const rgba = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const luminance = (color) => {
      const [r, g, b] = color.slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const chain = (element) => (element ? [...chain(element.parentElement), element] : []);
    const behind = (element) => chain(element).reduce((below, e) => over(rgba(getComputedStyle(e).backgroundColor), below), [255, 255, 255, 1]);
    const bad = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest('script, noscript, .sr-only')) continue;
      const style = getComputedStyle(element);
      const background = behind(element);
      const opacity = chain(element).reduce((all, e) => all * Number(getComputedStyle(e).opacity), 1);
      const color = rgba(style.color);
      const text = over([...color.slice(0, 3), color[3] * opacity], background);
      const [light, dark] = [luminance(text), luminance(background)].sort((a, b) => b - a);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} "${walker.currentNode.textContent.trim().slice(0, 30)}" (${element.className || element.tagName})`);
    }
    return bad;
  });
}
