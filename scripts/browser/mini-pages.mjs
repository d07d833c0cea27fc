// Every page of the mini-program as a student and as a teacher opens it: full and empty, light and
// dark, on a narrow screen and with large type; and what people do on them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seriousFindings } from './browser.mjs';
import { furnish } from './mini-data.mjs';
import { School } from './school.mjs';
import { Stage } from './stage.mjs';

const STUDENT = { name: '林小雨' };
const TEACHER = { name: '林老师', role: 'teacher' };
const stage = await Stage.open('mini-pages', { now: '2025-11-12T06:00:00.000+08:00', demoData: false });
const { ids } = await furnish(stage.school, { student: STUDENT.name, teacher: TEACHER.name });
// The days from here on are free for what is done on them.
stage.school.date = '2025-11-20';
/** A school in which there is nothing at all. */
const bare = await stage.serve('bare', { demoData: false });

const STUDENTS = {
  'pages/home/index': '', 'pages/calendar/index': '', 'pages/courses/index': '', 'pages/messages/index': '', 'pages/me/index': '',
  'pages/schedules/detail': `id=${ids.full}`, 'pages/booking/choose': `course=${ids.course}`, 'pages/booking/confirm': `id=${ids.held}`,
  'pages/booking/list': '', 'pages/booking/detail': `id=${ids.booking}`, 'pages/courses/detail': `id=${ids.course}`,
  'pages/waitlist/index': '', 'pages/waitlist/detail': `id=${ids.offer}`, 'pages/waitlist/status': `id=${ids.lost}`,
  'pages/notifications/waitlist': `id=${ids.offer}`, 'pages/messages/detail': '', 'pages/me/profile': '', 'pages/me/students': '',
  'pages/me/consent': '', 'pages/me/sessions': '', 'pages/about/index': '', 'pages/about/privacy': '', 'pages/about/terms': '',
};
const TEACHERS = {
  'pages/home/index': '', 'pages/calendar/index': '', 'pages/messages/index': '', 'pages/me/index': '',
  'teacher/pages/roster': `id=${ids.full}`, 'teacher/pages/week': '',
};
/** Pages of which somebody who has nothing sees another side. */
const BARE = [
  'pages/home/index', 'pages/calendar/index', 'pages/courses/index', 'pages/messages/index', 'pages/booking/list',
  'pages/waitlist/index', 'pages/messages/detail',
];

stage.test('who does not log in can leave the login page, and reads both texts first', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const phone = await stage.phone({ name: null }, undefined, { colorScheme });
    await phone.isAt('pages/login/index');
    for (const [link, words] of [['《用户协议》', '候补按加入的先后排队'], ['《隐私说明》', '微信给的标识']]) {
      await phone.tapOn(link);
      await phone.sees(new RegExp(words));
      assert.deepEqual(await seriousFindings(phone.page), []);
      await phone.page.getByRole('button', { name: '返回' }).tap();
    }
    await phone.tap('暂不登录，先看看');
    await phone.isAt('pages/about/index');
    await stage.shoot(phone, `about ${colorScheme}`);
    assert.deepEqual(await seriousFindings(phone.page), []);
    assert.deepEqual(await tooWide(phone), []);
    await phone.tap('去登录');
    await phone.isAt('pages/login/index');
  }
});

test('every page of the program is among those that are opened here', () => {
  const { pages, subPackages } = JSON.parse(readFileSync(new URL('../../miniprogram/app.json', import.meta.url), 'utf8'));
  const all = [...pages, ...subPackages.flatMap(({ root, pages: own }) => own.map((page) => `${root}/${page}`))];
  const opened = new Set([...Object.keys(STUDENTS), ...Object.keys(TEACHERS), 'pages/login/index']);
  assert.deepEqual(all.filter((page) => !opened.has(page)), []);
});

/** A phone on which no notice of an offer covers the pages: that is looked at elsewhere. */
async function quiet(who, options) {
  // A seat that is held too often is refused, and may be booked all the same.
  const phone = (await stage.phone(who, '/pages/me/profile', options)).expects(409);
  if (who === STUDENT) await phone.tap('稍后', phone.page.getByRole('alert'));
  return phone;
}

/** Opens these pages one after the other and looks at each. */
async function visits(phone, pages, look) {
  for (const [path, query] of Object.entries(pages)) {
    await phone.go(`/${path}${query && `?${query}`}`);
    await phone.isReady();
    await look(path, path.replaceAll('/', '-').replace(/^pages-/, ''));
  }
}

for (const [who, pages] of [[STUDENT, STUDENTS], [TEACHER, TEACHERS]]) {
  for (const colorScheme of ['light', 'dark']) {
    stage.test(`${who.role ?? 'student'}: every page can be read, ${colorScheme}`, async () => {
      const phone = await quiet(who, { colorScheme });
      const found = {};
      await visits(phone, pages, async (path, name) => {
        await stage.shoot(phone, `${who.role ?? 'student'} ${name} ${colorScheme}`);
        assert.equal(await phone.page.evaluate(() => __mp.router.current.caller.data.status), 'ready', path);
        const findings = await seriousFindings(phone.page);
        if (findings.length > 0) found[path] = findings;
      });
      assert.deepEqual(found, {});
    });
  }

  stage.test(`${who.role ?? 'student'}: at 360 px, and with type twice as large, nothing is cut off or scrolls sideways`, async () => {
    const phone = await quiet(who, { viewport: { width: 360, height: 740 } });
    for (const size of ['100%', '200%']) {
      await phone.page.evaluate((to) => { document.documentElement.style.fontSize = to; }, size);
      await visits(phone, pages, async (path, name) => {
        if (size === '200%') await stage.shoot(phone, `${who.role ?? 'student'} ${name} large`);
        assert.deepEqual(await tooWide(phone), [], `${path} at ${size}`);
      });
    }
  });
}

/** What stands beyond the edge of the screen, but for what is meant to be scrolled there. */
function tooWide(phone) {
  return phone.screen.evaluate((screen) => {
    const wide = [...screen.querySelectorAll('*')].filter((element) => {
      if (!element.checkVisibility() || element.closest('wx-scroll-view, wx-swiper, .sr-only')) return false;
      const { left, right, width } = element.getBoundingClientRect();
      return width > 0 && (right > innerWidth + 1 || left < -1);
    });
    const sideways = [screen, document.documentElement].filter((element) => element.scrollWidth > element.clientWidth + 1);
    return [...wide, ...sideways].map((element) => `${element.localName}.${element.className} "${element.textContent.trim().slice(0, 30)}"`);
  });
}

stage.test('what targets a thumb is large enough', async () => {
  for (const [who, pages] of [[STUDENT, STUDENTS], [TEACHER, TEACHERS]]) {
    const phone = await quiet(who);
    await visits(phone, pages, async (path) => {
      // Seven days and a week stand beside each other: on a narrow phone that is less for each.
      const small = await phone.page.evaluate(() => [...document.querySelectorAll('wx-button, [role=button], [role=tab], [role=link], [role=radio], h5-nav button')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().width > 0)
        .filter((element) => { const { width, height } = element.getBoundingClientRect(); return height < 43.5 || width < (element.dataset.date ? 32 : 43.5); })
        .map((element) => `${element.getAttribute('aria-label') ?? element.textContent.trim()} ${Math.round(element.getBoundingClientRect().width)}×${Math.round(element.getBoundingClientRect().height)}`));
      assert.deepEqual(small, [], path);
    });
  }
});

stage.test('who has nothing yet is told what to do', async () => {
  await School.open(bare.base);
  const phone = await stage.phone('新来的', undefined, { base: bare.base });
  await visits(phone, Object.fromEntries(BARE.map((path) => [path, ''])), async (path, name) => {
    await stage.shoot(phone, `empty ${name}`);
    assert.deepEqual(await seriousFindings(phone.page), [], path);
  });
  const teacher = await stage.phone({ name: '新老师', role: 'teacher' }, undefined, { base: bare.base });
  await teacher.sees('今天没有课');
  await teacher.tap('一周安排');
  await teacher.isAt('teacher/pages/week');
  await teacher.sees('没有课');
});

stage.test('the login page, light and dark: what is wrong is said beside the field', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const phone = (await stage.phone({ name: null }, undefined, { colorScheme })).expects(400, 401);
    await phone.isAt('pages/login/index');
    await phone.sees('演示：选一位');
    await phone.tapOn('手机验证码');
    await stage.shoot(phone, `login ${colorScheme}`);
    assert.deepEqual(await seriousFindings(phone.page), []);
    assert.deepEqual(await tooWide(phone), []);
    await phone.tap(/^登录$/);
    await phone.sees('请先阅读并勾选同意');
    const agreement = phone.screen.getByRole('checkbox', { name: '我已阅读并同意' });
    assert.equal(await agreement.getAttribute('aria-checked'), 'false');
    await agreement.tap();
    await phone.seesNo('请先阅读并勾选同意');
    await phone.sees('请填写手机号');
    await phone.sees('请填写 6 位验证码');
    const name = phone.screen.getByRole('textbox', { name: '或写一个名字' });
    for (const [typed, words] of [['   ', '请先写一个名字'], ['a/b', '名字里不能有']]) {
      await name.fill(typed);
      await phone.tap('以此名字进入');
      await phone.sees(words);
    }
    await phone.tapOn('密码登录');
    await phone.screen.getByRole('textbox', { name: '手机号或账号' }).fill('nobody');
    await phone.screen.getByLabel('密码', { exact: true }).fill('wrong password');
    await phone.tap(/^登录$/);
    await phone.screen.getByRole('alert').first().waitFor();
    await stage.shoot(phone, `login refused ${colorScheme}`);
    await name.fill('候'.repeat(18));
    await phone.tap('以此名字进入');
    await phone.sees('欢迎');
  }
});

const { school } = stage;
const note = (phone) => phone.screen.getByRole('textbox', { name: '备注' });

stage.test('a booking from the course to its end: choose, hold, note, confirm, move, cancel, and again', async () => {
  await school.newDay('08:00');
  const course = await school.course({ name: '篆刻', kind: 1, duration_min: 60 });
  const first = await school.lesson({ course, starts: '10:00', capacity: 4, free: 4 });
  const second = await school.lesson({ course, starts: '14:00', capacity: 4, free: 4 });
  const phone = await stage.phone('何雨桐', '/pages/courses/index');
  await phone.screen.getByRole('textbox', { name: '搜索课程' }).fill('篆');
  await phone.seesNo('古琴');
  await phone.tapOn('篆刻');
  await phone.isAt('pages/courses/detail');
  await phone.sees('接下来的课');
  await phone.tap('选择时间');
  await phone.isAt('pages/booking/choose');
  await phone.tapOn('14:00');
  await phone.isAt('pages/schedules/detail');
  await phone.sees('剩 4 席');
  await phone.tap('立即预约');
  await phone.sees('已为您占位');
  await phone.counts('05:00');
  assert.equal((await second.state()).seats_held, 1);
  await school.at('08:02');
  await phone.counts('03:00');
  await note(phone).fill('带了自己的刻刀');
  await phone.tap('提交预约');
  await phone.isAt('pages/booking/detail');
  await phone.sees('预约成功');
  assert.equal(await note(phone).inputValue(), '带了自己的刻刀');
  await note(phone).fill('带了自己的刻刀和石头');
  await phone.tap('保存备注');
  await phone.sees('已保存', phone.toast);
  await phone.page.reload();
  await phone.sees('改到其他时间');
  assert.equal(await note(phone).inputValue(), '带了自己的刻刀和石头');
  await phone.tap('改到其他时间');
  await phone.sees('改到哪一节？', phone.sheet);
  await stage.shoot(phone, 'move');
  await phone.sheet.getByText('10:00').tap();
  await phone.sees('今天 10:00–11:00');
  assert.deepEqual([(await first.state()).seats_taken, (await second.state()).seats_taken], [1, 0]);
  await phone.tap('取消预约');
  await phone.answer('不取消');
  assert.equal((await first.state()).seats_taken, 1);
  await phone.tap('取消预约');
  await stage.shoot(phone, 'cancel');
  await phone.answer('取消预约');
  await phone.sees('由学员取消');
  assert.equal((await first.state()).seats_taken, 0);
  await phone.tap('再次预约');
  await phone.sees('剩 4 席');
});

stage.test('a hold that ends says so, and one may still book while a seat is left', async () => {
  await school.newDay('08:00');
  const lesson = await school.lesson({ free: 2 });
  const phone = await stage.phone('吴俊杰', `/pages/booking/confirm?id=${lesson.id}`);
  await phone.counts('05:00');
  await note(phone).fill('晚一点到');
  await school.at('08:05');
  await phone.sees('占位时间已到');
  assert.equal((await lesson.state()).seats_held, 0);
  assert.equal(await note(phone).inputValue(), '晚一点到');
  await phone.tap('提交预约');
  await phone.sees('预约成功');
});

stage.test('who leaves the confirmation gives the seat back at once', async () => {
  await school.newDay('08:00');
  const lesson = await school.lesson({ free: 1 });
  const phone = await stage.phone('马天宇', `/pages/schedules/detail?id=${lesson.id}`);
  await phone.tap('立即预约');
  await phone.sees('已为您占位');
  assert.equal((await lesson.state()).seats_held, 1);
  await phone.page.getByRole('button', { name: '返回' }).tap();
  await phone.until(async () => (await lesson.state()).seats_held === 0);
  await phone.sees('剩 1 席');
});

stage.test('a fee is paid within five minutes, or the seat is let go', async () => {
  await school.newDay('08:00');
  const course = await school.course({ name: '古筝', kind: 2, duration_min: 60, price_fen: 18_050 });
  const lesson = await school.lesson({ course, free: 2, capacity: 2 });
  const phone = await stage.phone('高梓涵', `/pages/booking/confirm?id=${lesson.id}`);
  await phone.sees('¥180.50');
  await phone.tap('提交预约');
  await phone.sees('待支付 ¥180.50');
  await phone.counts('05:00');
  await school.at('08:03');
  await phone.counts('02:00');
  await stage.shoot(phone, 'pay');
  await phone.tap('支付（演示）');
  await phone.sees('支付成功', phone.toast);
  await phone.sees('¥180.50，已支付');
  const late = await stage.phone('罗嘉怡', `/pages/booking/confirm?id=${lesson.id}`);
  await late.tap('提交预约');
  await late.counts('05:00');
  await school.at('08:08');
  await late.sees('由系统取消：未在规定时间内支付');
  await stage.shoot(late, 'not paid');
  assert.equal((await lesson.state()).seats_taken, 1);
});

stage.test('students are added and renamed, and each is booked for', async () => {
  await school.newDay('08:00');
  const lesson = await school.lesson({ free: 2 });
  const phone = await stage.phone('孙妈妈', '/pages/me/students');
  await phone.tap('添加学员');
  await phone.tap('保存');
  await phone.sees('请填写名字');
  await phone.screen.getByRole('textbox').fill('孙小浩');
  await phone.tap('保存');
  await phone.sees('孩子');
  await phone.tap('修改孙小浩的名字');
  await phone.screen.getByRole('textbox').fill('孙浩然');
  await phone.tap('保存');
  await phone.sees('孙浩然', phone.row('孩子'));
  await stage.shoot(phone, 'students');
  await phone.go(`/pages/schedules/detail?id=${lesson.id}`);
  await phone.screen.getByRole('radio', { name: '孙浩然' }).tap();
  await phone.tap('立即预约');
  await phone.sees('已为您占位');
  await phone.tap('提交预约');
  await phone.sees('预约成功');
  await phone.sees('孙浩然', phone.row('学员'));
  await phone.go(`/pages/schedules/detail?id=${lesson.id}`);
  await phone.sees('您已预约');
  await phone.screen.getByRole('radio', { name: '孙妈妈' }).tap();
  await phone.sees('剩 1 席');
});

stage.test('a profile is changed; what is wrong stands beside the field, and nothing typed is lost', async () => {
  const phone = (await stage.phone('郑安琪', '/pages/me/profile')).expects(400);
  const nickname = phone.screen.getByRole('textbox', { name: '昵称' });
  await phone.isReady();
  await nickname.fill('   ');
  await phone.tap('保存');
  await phone.sees('请填写昵称');
  await phone.screen.getByRole('textbox', { name: '签名' }).fill('每天写一页');
  await phone.page.route('**/users/profile', (route) => (route.request().method() === 'PUT'
    ? route.fulfill({ status: 400, json: { code: 400, message: '参数 nickname 无效：不能有看不见的字符', error: '参数 nickname 无效：不能有看不见的字符', reason: 'invalid', data: null } })
    : route.continue()));
  await nickname.fill('安琪');
  await phone.tap('保存');
  await phone.sees('不能有看不见的字符');
  assert.equal(await nickname.inputValue(), '安琪');
  await stage.shoot(phone, 'refused beside the field');
  await phone.page.unroute('**/users/profile');
  await phone.tap('保存');
  await phone.sees('已保存', phone.toast);
  await phone.go('/pages/me/index');
  await phone.sees('安琪');
});

stage.test('another device is logged out from here', async () => {
  const here = await stage.phone('赵一诺', '/pages/me/sessions');
  await school.person('赵一诺');
  await here.go('/pages/me/index');
  await here.go('/pages/me/sessions');
  await here.sees('这台设备');
  const others = here.screen.getByRole('button', { name: '退出' });
  await others.first().waitFor();
  const count = await others.count();
  await others.first().tap();
  await here.answer('退出');
  await here.until(async () => (await others.count()) === count - 1);
});

stage.test('messages: the mark counts, one is read by opening it, the rest at once', async () => {
  await school.newDay('12:30');
  const lesson = await school.lesson({ queue: ['陈思远', '乙'] });
  const phone = await stage.phone('陈思远', '/pages/messages/index');
  await phone.isLive();
  const unread = async () => Number(/\d+/.exec(await phone.page.getByRole('tab', { name: /消息/ }).filter({ visible: true }).innerText())?.[0] ?? 0);
  await lesson.free();
  await phone.row('有名额，立即预约').first().waitFor();
  const student = await school.person('陈思远');
  const { total } = await student.call('GET', '/messages?unread=1');
  await phone.until(async () => (await unread()) === total);
  await phone.tap('稍后', phone.page.getByRole('alert'));
  await phone.row('有名额，立即预约').first().tap();
  await phone.isAt('pages/messages/detail');
  await stage.shoot(phone, 'message');
  await phone.tap('查看候补');
  await phone.sees('有名额，立即预约');
  await phone.go('/pages/messages/index');
  await phone.until(async () => (await unread()) === total - 1);
  await phone.tap('全部已读');
  await phone.until(async () => (await unread()) === 0);
});

stage.test('the calendar: a month with its free days, a day, a week, the next month', async () => {
  school.date = '2025-12-08';
  await school.at('08:00');
  const own = await school.lesson({ starts: '10:00', date: '2025-12-10', free: 3, capacity: 3 });
  await school.lesson({ starts: '11:00', date: '2025-12-12', free: 1 });
  await school.lesson({ starts: '12:00', date: '2025-12-11', free: 0 });
  await school.lesson({ starts: '09:00', date: '2026-01-20', free: 2 });
  await own.book(await school.person('周可心'));
  const phone = await stage.phone('周可心', '/pages/calendar/index');
  await phone.sees('2025年12月');
  await phone.sees('这一天没有课');
  const day = (number) => phone.screen.getByRole('button', { name: new RegExp(`12月${number}日`) });
  assert.match(await day(10).getAttribute('aria-label'), /已约|预约/);
  await day(10).tap();
  await phone.sees('已预约');
  await stage.shoot(phone, 'calendar');
  await day(11).tap();
  await phone.sees('已满员');
  await phone.screen.getByRole('button', { name: /12月8日.*周|周.*12月8日/ }).last().tap();
  await phone.sees('可约的课');
  await phone.sees('11:00');
  await phone.seesNo('14:00');
  await phone.tap('下个月');
  await phone.sees('2026年1月');
  await phone.screen.getByRole('button', { name: /1月20日/ }).first().tap();
  await phone.tapOn('09:00');
  await phone.isAt('pages/schedules/detail');
});

stage.test('a teacher sees a booking as it is made, confirms it, and cancels with a reason that the student reads', async () => {
  await school.newDay('08:00');
  const teacher = await school.person(TEACHER.name, 'teacher');
  const course = await school.course({ name: '写意花鸟', kind: 1, duration_min: 60, confirm_mode: 'teacher' });
  const lesson = await school.lesson({ course, starts: '10:00', capacity: 3, free: 3, teacher_id: teacher.user.teacher_id });
  const coach = await stage.phone(TEACHER);
  await coach.sees('写意花鸟');
  await coach.sees('0/3 人');
  const student = await stage.phone('王子轩', `/pages/booking/confirm?id=${lesson.id}`);
  await note(student).fill('第一次上课');
  await student.tap('提交预约');
  await student.sees('待老师确认');
  await coach.sees('1/3 人');
  await coach.sees(/王子轩/);
  await stage.shoot(coach, 'booked live');
  await coach.tapOn('1/3 人');
  await coach.isAt('teacher/pages/roster');
  await coach.sees('第一次上课');
  await coach.tap('处理王子轩的预约');
  await coach.answer('确认预约');
  await coach.sees('已预约', coach.row('王子轩'));
  await student.sees('已预约');
  await coach.tap('处理王子轩的预约');
  await coach.answer('取消预约');
  await coach.sees('取消王子轩的预约？', coach.sheet);
  await coach.sheet.getByRole('textbox', { name: '原因' }).fill('老师生病了');
  await stage.shoot(coach, 'reason');
  await coach.sheet.getByRole('button', { name: '取消预约' }).tap();
  await coach.sees('已取消', coach.row('王子轩'));
  await student.sees('由老师取消：老师生病了');
});

stage.test('a teacher marks who came, corrects it, and ends the class; a class is blocked and opened again', async () => {
  await school.newDay('08:00');
  const teacher = await school.person(TEACHER.name, 'teacher');
  const own = { teacher_id: teacher.user.teacher_id, capacity: 3 };
  const lesson = await school.lesson({ starts: '10:00', free: 1, ...own });
  const later = await school.lesson({ starts: '14:00', free: 3, ...own });
  const [one, two] = lesson.holders.map(({ person }) => person.user.nickname);
  const coach = await stage.phone(TEACHER, `/teacher/pages/roster?id=${later.id}`);
  const student = await stage.phone('王子轩', `/pages/schedules/detail?id=${later.id}`);
  await coach.tap('暂停预约');
  await coach.answer('暂停');
  await student.sees('暂不可预约');
  await coach.tap('重新开放预约');
  await student.sees('剩 3 席');
  await coach.go(`/teacher/pages/roster?id=${lesson.id}`);
  await coach.sees(one);
  await school.at('10:05');
  await coach.go(`/teacher/pages/week`);
  await coach.go(`/teacher/pages/roster?id=${lesson.id}`);
  for (const [choice, state] of [['未到课', '爽约'], ['到课', '已完成'], ['未到课', '爽约']]) {
    await coach.tap(`处理${one}的预约`);
    await coach.answer(choice);
    await coach.sees(state, coach.row(one));
  }
  await coach.tap('下课：全部记为到课');
  await coach.answer('下课');
  await coach.sees('已完成', coach.row(two));
  await coach.sees('爽约', coach.row(one));
  await stage.shoot(coach, 'roster');
});

stage.test('five hundred on a roster, and a hundred bookings, are scrolled to their end', async () => {
  await school.newDay('08:00');
  const teacher = await school.person(TEACHER.name, 'teacher');
  const lesson = await school.lesson({ capacity: 500, free: 500, teacher_id: teacher.user.teacher_id });
  await school.admin.call('POST', '/dev/rush', { schedule_id: lesson.id, students: 500 });
  const coach = await stage.phone(TEACHER, `/teacher/pages/roster?id=${lesson.id}`);
  await coach.sees('500 人');
  assert.equal(await coach.row('约').count(), 500);
  await coach.row('约').nth(499).scrollIntoViewIfNeeded();
  await stage.shoot(coach, 'five hundred');

  const busy = await school.person('许多课');
  const items = Array.from({ length: 100 }, (_, index) => ({ starts_at: school.instant(`${String(8 + (index % 10)).padStart(2, '0')}:00`, `2026-02-${String(1 + Math.floor(index / 10)).padStart(2, '0')}`) }));
  const course = await school.course({ name: '晨练', kind: 2, duration_min: 60, default_capacity: 5 });
  const { created } = await school.admin.call('POST', '/schedules/batch', { course_id: course, items });
  for (const { id } of created) await busy.call('POST', '/bookings', { schedule_id: id });
  const phone = await stage.phone('许多课', '/pages/booking/list');
  await phone.isReady();
  const end = phone.screen.getByText('没有更多了');
  await phone.until(async () => {
    await phone.screen.evaluate((page) => page.scrollTo(0, page.scrollHeight));
    return (await end.count()) > 0;
  });
  assert.equal(await phone.screen.getByText('晨练').count(), 100);
});

stage.test('who asks for what there is not, or what is another’s, is told so and can leave', async () => {
  const another = `/pages/booking/detail?id=${ids.booking}`;
  const phone = (await stage.phone('外人', '/pages/home/index')).expects(400, 403, 404);
  for (const place of [another, '/pages/booking/detail?id=nothing', '/pages/schedules/detail?id=nothing', '/pages/waitlist/detail?id=nothing', '/teacher/pages/roster?id=nothing']) {
    await phone.go(place);
    await phone.isReady('failed');
    await phone.button('重试').waitFor();
    assert.deepEqual(await seriousFindings(phone.page), []);
  }
  await stage.shoot(phone, 'not there');
  await phone.page.getByRole('button', { name: '回到首页' }).tap();
  await phone.isAt('pages/home/index');
});
