// A freed seat as somebody hears of it in WeChat: the demo as it comes, without any settings. A
// visitor logs in, joins a full class, allows messages, closes the page; a seat is freed; the message
// arrives on the phone; a tap leads back to the offer, which is confirmed.
//
// Screenshots go to YUEKE_TEST_FOLDER, or to a folder in the system's temporary one, named at the end.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, lowContrast, openBoard, openPage } from './browser.mjs';
import { Person, Server } from './server.mjs';

const folder = path.join(process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-browser-')), 'message');
mkdirSync(folder, { recursive: true });
let server;
let browser;
let page;
let seen;
let rival;
let arena;

const card = () => page.locator(`[data-schedule="${arena.id}"]`);
const shoot = (name) => page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });

before(async () => {
  server = await Server.create(folder);
  process.on('exit', () => server.killNow());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  await server.start();
  browser = await launch();
  ({ page, seen } = await openPage(browser, server.base));
  page.setDefaultTimeout(15_000);
  rival = await Person.logIn(server.base, 'rival');
});

after(async () => {
  await browser?.close();
  await server?.stop();
  console.log(`# screenshots and server.log: ${folder}`);
});

test('a visitor joins a full class and is asked whether WeChat may tell them', async () => {
  await openBoard(page, server.base);
  await page.locator('#phone').waitFor();
  assert.equal(await page.locator('#phone').getAttribute('data-reachable'), 'false');
  const { items } = await rival.call('GET', '/slots');
  arena = items.filter((i) => i.seats_left > 0 && i.waitlist.open && i.capacity <= 48).sort((a, b) => a.seats_left - b.seats_left)[0];
  await page.selectOption('#lab-class', arena.id);
  await page.click('#lab-rush');
  await page.locator('#lab-result .outcome--booked').waitFor();
  await card().locator('[data-action="join"]').click();
  await card().and(page.locator('[data-standing="waiting"]')).waitFor();
  const question = page.locator('#phone-question');
  await question.waitFor();
  assert.deepEqual(await question.locator('li').allInnerTexts(), ['候补名额通知', '候补确认提醒', '上课提醒']);
  await page.locator('#phone').scrollIntoViewIfNeeded();
  await shoot('1-asked');
  assert.deepEqual(await lowContrast(page), []);
  await page.click('#phone-ask');
  await page.locator('#phone[data-reachable="true"]').waitFor();
  assert.equal(await question.isVisible(), false, 'what is allowed is not asked again');
  await shoot('2-allowed');
});

test('with the page closed, the message arrives on the phone, and a tap leads to the offer', async () => {
  const phone = await page.locator('#phone-open').getAttribute('href');
  await page.goto(`${server.base}${phone}`);
  await shoot('3-before');
  await rival.call('POST', '/dev/release', { schedule_id: arena.id });
  const message = page.locator('.notice', { hasText: '候补名额通知' });
  await message.waitFor();
  assert.ok((await message.innerText()).includes(arena.course_name), 'it names the class');
  assert.match(await message.innerText(), /2025年11月12日 \d\d:\d\d/);
  await shoot('4-message');
  await message.locator('.notice__open').click();
  await page.waitForURL(`${server.base}/`);
  await card().and(page.locator('[data-standing="offered"]')).waitFor();
  await shoot('5-offered');
  await card().locator('[data-action="accept"]').click();
  await card().and(page.locator('[data-standing="booked"]')).waitFor();
  await shoot('6-booked');
});

test('what was sent is used up, and asked for again', async () => {
  await page.locator('#phone[data-reachable="false"]').waitFor();
  await page.locator('#phone-question').waitFor();
  assert.deepEqual(seen.faults, []);
});

test('another person on the same phone is another visitor', async () => {
  await page.goto(`${server.base}/?wx_person=student%3Asomeone&wx_page=pages%2Fwaitlist%2Fdetail%3Fid%3Dnobody`);
  await page.locator('.toast--bad').waitFor();
  assert.equal(await page.locator('#identity-name').inputValue(), 'someone');
  assert.equal(new URL(page.url()).search, '', 'the address no longer names them');
  // The place in line that nobody has, and nothing else.
  assert.equal(seen.faults.splice(0).join(), 'console: Failed to load resource: the server responded with a status of 404 (Not Found)');
});

test('a yes that a message used up shows by itself, and a tap on it later says that the offer is over', async () => {
  const { items } = await rival.call('GET', '/slots');
  arena = items.find((i) => i.seats_left === 0 && i.seats_offered === 0 && i.waitlist.open && i.waitlist.length < i.waitlist.capacity);
  await card().locator('[data-action="join"]').click();
  await page.locator('#phone-question').waitFor();
  await page.click('#phone-ask');
  await page.locator('#phone[data-reachable="true"]').waitFor();
  await rival.call('POST', '/dev/release', { schedule_id: arena.id });
  await card().and(page.locator('[data-standing="offered"]')).waitFor();
  await page.locator('#phone[data-reachable="false"]').waitFor();
  await page.locator('#phone-question').waitFor();
  await shoot('7-used-up');
  await card().locator('[data-action="decline"]').click();
  await card().and(page.locator('[data-standing="offered"]')).waitFor({ state: 'detached' });
  await page.goto(`${server.base}${await page.locator('#phone-open').getAttribute('href')}`);
  await page.locator('.notice', { hasText: '候补名额通知' }).locator('.notice__open').click();
  await page.locator('.toast--bad', { hasText: '名额邀约已经结束' }).waitFor();
  await shoot('8-over');
});

test('who refused is not asked again by a reload, only after the next tap that matters', async () => {
  const question = page.locator('#phone-question');
  await question.waitFor();
  await page.click('#phone-refuse');
  await question.waitFor({ state: 'hidden' });
  await page.reload();
  await page.locator('#phone').waitFor();
  // As when the visitor comes back to the tab.
  const looked = page.waitForResponse((r) => r.url().endsWith('/users/subscribe'));
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await looked;
  await page.waitForTimeout(200);
  assert.equal(await question.isVisible(), false);
  await page.locator('[data-standing="joinable"] [data-action="join"]').first().click();
  await question.waitFor();
});

test('the phone shows who logged in, and leads back to the page', async () => {
  for (const [width, from] of [[1366, '.phone .home'], [360, '.list .home']]) {
    await page.setViewportSize({ width, height: 740 });
    await page.goto(`${server.base}/sandbox/`);
    await page.locator('.person', { hasText: 'someone' }).waitFor();
    await shoot(`9-phone-${width}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    await page.locator(from).click();
    await page.waitForURL(`${server.base}/`);
  }
  await page.setViewportSize({ width: 1366, height: 900 });
  assert.deepEqual(seen.faults, []);
});

test('a nickname that WeChat does not take is refused beside the field, or told in the panel', async () => {
  await openBoard(page, server.base);
  const problem = page.locator('#identity-problem');
  for (const [name, words] of [
    ['   ', '请先写'],
    ['a/b', '不能有'],
    ['a?&#', '不能有'],
    ['%2F', '不能有'],
    ['a\u202eb', '看不见'],
    ['候'.repeat(19), '太长'],
  ]) {
    await page.fill('#identity-name', name);
    await page.press('#identity-name', 'Enter');
    await problem.filter({ hasText: words }).waitFor();
    assert.equal(await page.locator('#phone').isVisible(), true, `still the one before: ${name}`);
  }
  assert.deepEqual(await lowContrast(page), []);
  await shoot('10-odd-name');
  await page.fill('#identity-name', '候'.repeat(18));
  assert.equal(await problem.innerText(), '');
  await page.press('#identity-name', 'Enter');
  await page.locator('#identity-hint', { hasText: '候'.repeat(18) }).waitFor();
  await page.locator('#phone[data-reachable="false"]').waitFor();
  await page.evaluate(() => {
    localStorage.setItem('yueke.name', 'a/b');
    localStorage.removeItem('yueke.token');
  });
  await page.reload();
  await page.locator('#phone-state', { hasText: '微信不认识这个昵称' }).waitFor();
  assert.equal(await page.locator('#phone-open').isVisible(), false);
  await shoot('11-no-phone');
  assert.deepEqual(seen.faults, []);
});
