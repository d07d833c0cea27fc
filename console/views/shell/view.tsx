// Which page an address is.

import { t } from '../../lib/i18n.ts';
import { link, place } from '../../lib/router.ts';
import { isStaff } from '../../lib/session.ts';
import { Empty } from '../../ui/feedback.tsx';
import { Board } from '../board/board.tsx';
import { ClassPage } from '../class/class.tsx';
import { Courses } from '../courses/courses.tsx';
import { HealthPage } from '../health/health.tsx';
import { Notifications } from '../notifications/notifications.tsx';
import { People } from '../people/people.tsx';
import { Person } from '../people/person.tsx';
import { Plan } from '../schedule/plan.tsx';
import { Waitlists } from '../waitlists/waitlists.tsx';

const FOR_STAFF = ['waitlists', 'notifications', 'people', 'health'];

export function View() {
  const [page = '', id] = place.value.path;
  if (FOR_STAFF.includes(page) && !isStaff.value) {
    return <Empty title={t('notallowed.title')}>{t('notallowed.text')}</Empty>;
  }
  if (page === 'board') return <Board />;
  if (page === 'classes' && id) return <ClassPage key={id} id={id} />;
  if (page === 'courses') return <Courses />;
  if (page === 'schedule') return <Plan />;
  if (page === 'waitlists') return <Waitlists />;
  if (page === 'notifications') return <Notifications />;
  if (page === 'people') return id ? <Person key={id} id={id} /> : <People />;
  if (page === 'health') return <HealthPage />;
  return (
    <Empty title={t('nowhere.title')}>
      <a href={link(['board'])}>{t('nowhere.text')}</a>
    </Empty>
  );
}
