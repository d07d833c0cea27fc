// What the school teaches.

import { useState } from 'preact/hooks';

import { useCourses } from '../../lib/catalog.ts';
import { yuan } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { link } from '../../lib/router.ts';
import type { Course } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorState, Skeleton } from '../../ui/feedback.tsx';
import { CourseForm } from './form.tsx';

export function Courses() {
  const { data, error, reload } = useCourses();
  const [typed, setTyped] = useState('');
  const [form, setForm] = useState<{ course: Course | null } | null>(null);
  const shown = (data ?? []).filter((course) => `${course.name} ${course.category}`.toLowerCase().includes(typed.trim().toLowerCase()));
  return (
    <div>
      <header class="page-head">
        <h1>{t('courses.title')}</h1>
        <Button kind="main" onClick={() => setForm({ course: null })}>
          {t('courses.new')}
        </Button>
      </header>
      {!data ? (
        error ? (
          <ErrorState error={error} retry={reload} />
        ) : (
          <Skeleton />
        )
      ) : data.length === 0 ? (
        <Empty title={t('courses.empty')}>{t('courses.empty.text')}</Empty>
      ) : (
        <>
          <p class="filters">
            <input
              class="input input--small"
              type="search"
              aria-label={t('courses.find')}
              placeholder={t('courses.find')}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </p>
          <CourseTable courses={shown} onEdit={(course) => setForm({ course })} />
        </>
      )}
      {form && <CourseForm course={form.course} onClose={() => setForm(null)} onDone={reload} />}
    </div>
  );
}

function CourseTable({ courses, onEdit }: { courses: readonly Course[]; onEdit: (course: Course) => void }) {
  return (
    <div class="table-box">
      <table class="table table--cards">
        <thead>
          <tr>
            <th>{t('course.name')}</th>
            <th>{t('course.kind')}</th>
            <th>{t('course.duration_min')}</th>
            <th>{t('course.default_capacity')}</th>
            <th>{t('course.fee')}</th>
            <th>{t('course.confirm_mode')}</th>
            <th>
              <span class="sr-only">{t('roster.actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {courses.map((course) => (
            <tr key={course.id}>
              <td class="table__name">
                <strong>{course.name}</strong> {course.tier === 'vip' && <Badge tone="held">VIP</Badge>}
                {course.category && <span class="soft"> {course.category}</span>}
              </td>
              <td data-label={t('course.kind')}>{tWord('course.kind', String(course.kind))}</td>
              <td data-label={t('course.duration_min')}>{course.duration_min}</td>
              <td data-label={t('course.default_capacity')}>{course.default_capacity}</td>
              <td data-label={t('course.fee')}>{course.price_fen > 0 ? yuan(course.price_fen) : t('course.free')}</td>
              <td data-label={t('course.confirm_mode')}>{t(`course.confirm.${course.confirm_mode}`)}</td>
              <td>
                <span class="row">
                  <Button small label={t('do.for', { what: t('courses.edit'), name: course.name })} onClick={() => onEdit(course)}>
                    {t('courses.edit')}
                  </Button>
                  <a
                    class="button button--small"
                    href={link(['schedule', 'new'], { course: course.id })}
                    aria-label={t('do.for', { what: t('courses.plan'), name: course.name })}
                  >
                    {t('courses.plan')}
                  </a>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
