// A school in which every page of the mini-program has something to show: long names, each state of
// a booking and of a place in line, messages, a teacher with a day of classes.

export const LONG = '面向初学者与少年儿童的传统书法与硬笔楷书综合提高班（含作品装裱与期末展览）';
export const UNBROKEN = 'Pneumonoultramicroscopicsilicovolcanoconiosis-Meisterklasse';

/** Fills the school at noon; answers where each page that needs one finds its record. */
export async function furnish(school, { student: name, teacher: teacherName }) {
  await school.at('12:00');
  const teacher = await school.person(teacherName, 'teacher');
  const student = await school.person(name);
  const child = await student.call('POST', '/students', { nickname: '名字很长很长的小朋友欧阳诸葛司马夏侯', relation: 'child' });
  const mine = { teacher_id: teacher.user.teacher_id, location: '城市艺术中心南区三号楼二层大教室（从东门进，过天井左转）' };
  const course = {
    long: await school.course({ name: LONG, kind: 1, duration_min: 90 }),
    unbroken: await school.course({ name: UNBROKEN, kind: 0, duration_min: 60 }),
    priced: await school.course({ name: '古琴', kind: 2, duration_min: 60, price_fen: 18_000 }),
    asked: await school.course({ name: '国画', kind: 1, duration_min: 60, confirm_mode: 'teacher' }),
  };
  const of = (key, starts, more = {}) => school.lesson({ course: course[key], starts, ...mine, ...more });
  const book = (lesson, body = {}) => student.call('POST', '/bookings', { schedule_id: lesson.id, ...body });
  const tomorrow = nextDay(school.date);

  const open = await of('long', '15:00', { capacity: 12, free: 7 });
  const booking = await book(open, { note: '想坐在靠窗的位置，孩子左手写字，请老师多关照。' });
  await of('unbroken', '16:30', { capacity: 1 });
  const full = await of('asked', '19:00', { capacity: 6, queue: ['阿甲', '阿乙', name] });
  const offered = await of('long', '20:10', { capacity: 3, queue: [name, '阿丙'] });
  const held = await of('unbroken', school.instant('10:00', tomorrow), { capacity: 4, free: 4 });
  const unpaid = await book(await of('priced', school.instant('12:00', tomorrow), { capacity: 8, free: 8 }));
  const pending = await book(await of('asked', school.instant('14:00', tomorrow), { capacity: 8, free: 8 }), { profile_id: child.id });
  const lost = await of('asked', school.instant('16:00', tomorrow), { capacity: 2, queue: [name, '阿丁'] });
  await lost.free();
  await lost.respond('阿丁');
  const cancelled = await book(await of('long', school.instant('18:00', tomorrow), { capacity: 8, free: 8 }));
  await student.call('PUT', `/bookings/${cancelled.id}/cancel`, { reason: '临时有事' });
  await offered.free();
  return { ids: { open: open.id, full: full.id, held: held.id, course: course.long, booking: booking.id, unpaid: unpaid.id, pending: pending.id, offer: offered.entries[name], entry: full.entries[name], lost: lost.entries[name] } };
}

const nextDay = (date) => new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
