// Planning classes over weeks: what is wanted, what would come of it, then making it.

import { useEffect, useState } from 'preact/hooks';

import { useCourses, useTeachers } from '../../lib/catalog.ts';
import { useForm } from '../../lib/form.ts';
import { weekdayName } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { place } from '../../lib/router.ts';
import { isStaff, user } from '../../lib/session.ts';
import { addDays, daysBetween, isDate, weekday } from '../../lib/time.ts';
import { offsetAt, today } from '../../lib/today.ts';
import type { BatchAnswer, Course, Teacher } from '../../lib/types.ts';
import { problems, wrongNumber, wrongText } from '../../lib/wrong.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorState, Skeleton } from '../../ui/feedback.tsx';
import { Failure, SelectField, TextField } from '../../ui/field.tsx';
import { coachChoices } from './coaches.ts';
import { isUnfinished, Making, making, ownMaking, preview } from './making.ts';
import type { Order } from './making.ts';
import { Outcome, Preview } from './outcome.tsx';
import { CLASSES_MAX, DAYS_MAX, startsOf, timesOf } from './weeks.ts';

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const FOUR_WEEKS = 27;
const CAPACITY_MAX = 1_000_000;
const NAME_MAX = 200;

export function Plan() {
  const courses = useCourses();
  const teachers = useTeachers();
  const error = courses.error ?? teachers.error;
  return (
    <div class="plan">
      <header class="page-head">
        <h1>{t('plan.title')}</h1>
      </header>
      {courses.data && teachers.data ? (
        <PlanForm courses={courses.data} teachers={teachers.data} />
      ) : error ? (
        <ErrorState
          error={error}
          retry={() => {
            courses.reload();
            teachers.reload();
          }}
        />
      ) : (
        <Skeleton rows={6} />
      )}
    </div>
  );
}

function initialValues(teachers: readonly Teacher[]) {
  const { query } = place.peek();
  const asked = query.get('date');
  const from = isDate(asked) && asked > today.peek() ? asked : addDays(today.peek(), 1);
  return {
    course_id: query.get('course') ?? '',
    teacher_id: coachChoices(teachers, user.peek()?.teacher_id ?? null).initial,
    from,
    until: addDays(from, FOUR_WEEKS),
    weekdays: String(weekday(from)),
    times: '19:00',
    capacity: '',
    location: '',
  };
}
type PlanValues = ReturnType<typeof initialValues>;

/** What was typed, for its address and its person: a switched language, or a look at another page, draws the form anew. */
let typed: { where: string; whose: string | undefined; values: PlanValues } | null = null;

const where = (): string => place.peek().query.toString();

function typedBefore(): PlanValues | null {
  return typed?.where === where() && typed.whose === user.peek()?.id ? typed.values : null;
}

const daysOf = (text: string): Set<number> => new Set([...text].map(Number));

function starts(values: PlanValues): string[] {
  return startsOf(values.from, values.until, daysOf(values.weekdays), timesOf(values.times) ?? [], offsetAt);
}

function check(values: PlanValues) {
  const { from, until } = values;
  const dates = isDate(from) && isDate(until);
  const span = dates ? daysBetween(from, until) : 0;
  const wrongTimes = timesOf(values.times) ? undefined : t('plan.wrong.times');
  const n = dates && span <= DAYS_MAX ? starts(values).length : 0;
  return problems({
    course_id: values.course_id ? undefined : t('plan.choose'),
    from: isDate(from) ? undefined : t('wrong.date'),
    until: !isDate(until) ? t('wrong.date') : span < 0 ? t('plan.wrong.order') : span > DAYS_MAX ? t('plan.wrong.long') : undefined,
    weekdays: values.weekdays ? undefined : t('plan.wrong.weekdays'),
    times: wrongTimes ?? (n > CLASSES_MAX ? t('plan.wrong.many', { n, max: CLASSES_MAX }) : undefined),
    capacity: wrongNumber(values.capacity, 1, CAPACITY_MAX, true),
    location: wrongText(values.location, NAME_MAX, true),
  });
}

function orderOf({ course_id, teacher_id, capacity, location }: PlanValues): Order {
  return {
    course_id,
    ...(teacher_id ? { teacher_id } : {}),
    ...(capacity ? { capacity: Number(capacity) } : {}),
    ...(location.trim() ? { location: location.trim() } : {}),
  };
}

interface Looked {
  values: PlanValues;
  answer: BatchAnswer;
}

function PlanForm({ courses, teachers }: { courses: readonly Course[]; teachers: readonly Teacher[] }) {
  const [initial] = useState(() => typedBefore() ?? initialValues(teachers));
  const [looked, setLooked] = useState<Looked | null>(null);
  const form = useForm({
    initial,
    check,
    send: async (values) => ({ values, answer: await preview(orderOf(values), starts(values)) }),
    done: (answer: Looked) => {
      setLooked(answer);
      making.value = null;
    },
    fieldOf: (field) => (field.includes('starts_at') ? 'times' : undefined),
  });
  useEffect(() => {
    typed = { where: where(), whose: user.peek()?.id, values: form.values };
  }, [form.values]);
  const current = ownMaking();
  // What goes on, or stopped in the midst, is there to come back to; what is done was seen.
  useEffect(() => () => void (isUnfinished() || (making.value = null)), []);
  const isCurrent = looked !== null && JSON.stringify(looked.values) === JSON.stringify(form.values);
  const make = (): void => {
    if (!looked || isUnfinished()) return;
    const next = new Making(
      orderOf(looked.values),
      looked.answer.created.map(({ starts_at }) => starts_at),
    );
    making.value = next;
    void next.goOn();
  };
  return (
    <>
      <form class="form form--two sheet" onSubmit={form.submit} noValidate>
        <SelectField
          form={form}
          name="course_id"
          label={t('plan.course')}
          choices={[{ value: '', label: t('plan.choose') }, ...courses.map(({ id, name }) => ({ value: id, label: name }))]}
        />
        {isStaff.value && (
          <SelectField
            form={form}
            name="teacher_id"
            label={t('plan.teacher')}
            choices={coachChoices(teachers, user.value?.teacher_id ?? null).choices}
          />
        )}
        <TextField form={form} name="from" label={t('plan.from')} type="date" min={today.value} />
        <TextField form={form} name="until" label={t('plan.until')} type="date" min={form.values.from} />
        <Weekdays
          chosen={form.values.weekdays}
          problem={form.problem('weekdays')}
          onChange={(weekdays) => form.set('weekdays', weekdays)}
        />
        <TextField form={form} name="times" label={t('plan.times')} hint={t('plan.times.hint')} />
        <TextField form={form} name="location" label={t('plan.location')} maxLength={NAME_MAX} />
        <TextField form={form} name="capacity" label={t('plan.capacity')} inputMode="numeric" hint={t('plan.capacity.hint')} />
        <div class="form__end">
          <Failure text={form.failure} />
          <div class="row">
            <Button type="submit" kind={isCurrent ? 'plain' : 'main'} busy={form.busy} disabled={isUnfinished()}>
              {form.busy ? t('working') : t('plan.preview')}
            </Button>
            {looked && !isCurrent && <span class="hint">{t('plan.changed')}</span>}
          </div>
        </div>
      </form>
      {current ? <Outcome making={current} /> : looked && isCurrent && <Preview answer={looked.answer} onMake={make} />}
    </>
  );
}

interface WeekdaysProps {
  chosen: string;
  problem: string | undefined;
  onChange: (chosen: string) => void;
}

function Weekdays({ chosen, problem, onChange }: WeekdaysProps) {
  const days = daysOf(chosen);
  const turn = (day: number): void => onChange(WEEKDAYS.filter((one) => (one === day ? !days.has(one) : days.has(one))).join(''));
  return (
    <fieldset class="field field--wide weekdays">
      <legend class="field__label">{t('plan.weekdays')}</legend>
      <div class="row">
        {WEEKDAYS.map((day) => (
          <label key={day} class="check">
            <input type="checkbox" name="weekdays" checked={days.has(day)} onChange={() => turn(day)} />
            {weekdayName(day)}
          </label>
        ))}
      </div>
      {problem && (
        <p class="field__problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
