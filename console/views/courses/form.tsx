// A new course, or what may be changed of one.

import { api } from '../../lib/api.ts';
import { useForm } from '../../lib/form.ts';
import { fenOf } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { Course } from '../../lib/types.ts';
import { problems, wrongMoney, wrongNumber, wrongText } from '../../lib/wrong.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Failure, SelectField, TextField } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.tsx';

const NAME_MAX = 200;
const KINDS = ['0', '1', '2', '3'] as const;

interface Props {
  course: Course | null;
  onClose: () => void;
  onDone: () => void;
}

const EMPTY = {
  name: '',
  kind: '1',
  tier: 'standard',
  duration_min: '60',
  price: '0',
  level: '0',
  category: '',
  default_capacity: '6',
  waitlist_capacity: '',
  hours_per_session: '',
  confirm_mode: 'auto',
};
type CourseValues = typeof EMPTY;

function valuesOf(course: Course): CourseValues {
  return {
    ...EMPTY,
    name: course.name,
    kind: String(course.kind),
    tier: course.tier,
    duration_min: String(course.duration_min),
    price: String(course.price_fen / 100),
    level: String(course.level),
    category: course.category,
    default_capacity: String(course.default_capacity),
    confirm_mode: course.confirm_mode,
  };
}

function check(values: CourseValues) {
  return problems({
    name: wrongText(values.name, NAME_MAX),
    category: wrongText(values.category, NAME_MAX, true),
    duration_min: wrongNumber(values.duration_min, 1, 1_440),
    price: wrongMoney(values.price),
    level: wrongNumber(values.level, 0, 1_000),
    default_capacity: wrongNumber(values.default_capacity, 1, 1_000_000),
    waitlist_capacity: wrongNumber(values.waitlist_capacity, 0, 10_000, true),
    hours_per_session: wrongNumber(values.hours_per_session, 0, 100, true),
  });
}

/** What can still be changed of a course. */
function changeable(values: CourseValues) {
  return {
    name: values.name.trim(),
    price_fen: fenOf(values.price),
    level: Number(values.level),
    category: values.category.trim(),
    default_capacity: Number(values.default_capacity),
    duration_min: Number(values.duration_min),
  };
}

function whole(values: CourseValues) {
  const { kind, tier, confirm_mode, waitlist_capacity, hours_per_session } = values;
  return {
    ...changeable(values),
    kind: Number(kind),
    tier,
    confirm_mode,
    ...(waitlist_capacity ? { waitlist_capacity: Number(waitlist_capacity) } : {}),
    ...(hours_per_session ? { hours_per_session: Number(hours_per_session) } : {}),
  };
}

export function CourseForm({ course, onClose, onDone }: Props) {
  const form = useForm({
    initial: course ? valuesOf(course) : EMPTY,
    check,
    send: (values, key) =>
      course
        ? api.patch(`/courses/${encodeURIComponent(course.id)}`, changeable(values), { key })
        : api.post('/courses', whole(values), { key }),
    done: (_, { name }) => {
      onDone();
      onClose();
      toast(t(course ? 'courses.saved' : 'courses.made', { name }));
    },
    fieldOf: (field) => (field === 'price_fen' ? 'price' : undefined),
  });
  const text = { form, type: 'text' } as const;
  const number = { form, inputMode: 'numeric' } as const;
  return (
    <Dialog title={t(course ? 'courses.edit' : 'courses.new')} onClose={onClose} wide>
      <form class="form form--two" onSubmit={form.submit} noValidate>
        <TextField {...text} name="name" label={t('course.name')} maxLength={NAME_MAX} wide />
        {!course && <FixedFields form={form} />}
        <TextField {...number} name="duration_min" label={t('course.duration_min')} />
        <TextField {...number} name="default_capacity" label={t('course.default_capacity')} />
        <TextField form={form} inputMode="decimal" name="price" label={t('course.price')} />
        <TextField {...text} name="category" label={t('course.category')} maxLength={NAME_MAX} />
        <TextField {...number} name="level" label={t('course.level')} />
        {!course && (
          <TextField {...number} name="waitlist_capacity" label={t('course.waitlist_capacity')} hint={t('course.waitlist.hint')} />
        )}
        {!course && <TextField {...number} name="hours_per_session" label={t('course.hours_per_session')} hint={t('course.hours.hint')} />}
        <div class="form__end">
          {course && <p class="hint">{t('courses.kept')}</p>}
          <Failure text={form.failure} />
          <div class="dialog__buttons">
            <Button onClick={onClose}>{t('back')}</Button>
            <Button type="submit" kind="main" busy={form.busy}>
              {form.busy ? t('working') : t('save')}
            </Button>
          </div>
        </div>
      </form>
    </Dialog>
  );
}

/** Chosen once: classes go by them. */
function FixedFields({ form }: { form: ReturnType<typeof useForm<CourseValues, unknown>> }) {
  return (
    <>
      <SelectField
        form={form}
        name="kind"
        label={t('course.kind')}
        choices={KINDS.map((kind) => ({ value: kind, label: t(`course.kind.${kind}`) }))}
      />
      <SelectField
        form={form}
        name="tier"
        label={t('course.tier')}
        choices={(['standard', 'vip'] as const).map((tier) => ({ value: tier, label: t(`course.tier.${tier}`) }))}
      />
      <SelectField
        form={form}
        name="confirm_mode"
        label={t('course.confirm_mode')}
        choices={(['auto', 'teacher'] as const).map((mode) => ({ value: mode, label: t(`course.confirm.${mode}`) }))}
      />
    </>
  );
}
