// Another time, coach or room.

import { useState } from 'preact/hooks';

import { api } from '../../lib/api.ts';
import { useForm } from '../../lib/form.ts';
import { spanText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { useTeachers } from '../../lib/catalog.ts';
import { isStaff } from '../../lib/session.ts';
import { isDate, wallDate, wallTime } from '../../lib/time.ts';
import { offsetAt } from '../../lib/today.ts';
import type { Slot } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Failure, SelectField, TextField } from '../../ui/field.tsx';
import { tell } from './actions.ts';
import type { Context } from './actions.ts';
import { changes } from './changes.ts';
import type { Edited } from './changes.ts';

const NAME_MAX = 200;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

function editedOf({ starts_at, ends_at, teacher_id, location }: Slot): Edited {
  return { date: wallDate(starts_at), start: wallTime(starts_at), end: wallTime(ends_at), teacher: teacher_id ?? '', place: location };
}

function inWords({ starts_at, ends_at, teacher_name, location }: Slot): string {
  return [spanText(starts_at, ends_at), teacher_name ?? t('card.no_teacher'), location].filter(Boolean).join(' · ');
}

export function EditClass({ context, slot, onClose }: { context: Context; slot: Slot; onClose: () => void }) {
  const { now, changed } = context;
  const { data: teachers } = useTeachers();
  // What was there when the form was opened: frames that come meanwhile change nothing that is typed.
  const [initial] = useState(() => editedOf(slot));
  const isMoved = JSON.stringify(editedOf(slot)) !== JSON.stringify(initial);
  // Until all of them are there, the one it has is shown.
  const own = slot.teacher_id ? [{ id: slot.teacher_id, name: slot.teacher_name ?? '' }] : [];
  const form = useForm({
    initial,
    check: ({ date, start, end, place }) => ({
      ...(isDate(date) ? {} : { date: t('wrong.date') }),
      ...(TIME.test(start) ? {} : { start: t('wrong.time') }),
      ...(!TIME.test(end) ? { end: t('wrong.time') } : end === start ? { end: t('ask.edit.order') } : {}),
      ...([...place].length > NAME_MAX ? { place: t('wrong.long', { max: NAME_MAX }) } : {}),
    }),
    // What changes nothing is not sent: nobody would be told.
    send: async (values, key) => {
      const wanted = changes(initial, values, offsetAt);
      if (Object.keys(wanted).length === 0) return false;
      await api.patch(`/schedules/${encodeURIComponent(now.id)}`, wanted, { key });
      return true;
    },
    done: (wasChanged) => {
      onClose();
      if (!wasChanged) return;
      changed();
      tell(context, t('done.edit'));
    },
    fieldOf: (field) => (({ starts_at: 'start', ends_at: 'end', teacher_id: 'teacher', location: 'place' }) as const)[field],
    fieldOfReason: (reason) => (reason === 'teacher_busy' ? 'start' : undefined),
  });
  return (
    <Dialog title={t('ask.edit')} onClose={onClose}>
      <form class="form form--two" onSubmit={form.submit} noValidate>
        <div class="field--wide" role="status">
          {isMoved && !form.busy && <p class="notice notice--warn">{t('ask.edit.changed', { now: inWords(slot) })}</p>}
        </div>
        <TextField form={form} name="date" label={t('ask.edit.date')} type="date" />
        <TextField form={form} name="start" label={t('ask.edit.start')} type="time" />
        <TextField form={form} name="end" label={t('ask.edit.end')} type="time" />
        {isStaff.value && (
          <SelectField
            form={form}
            name="teacher"
            label={t('ask.edit.teacher')}
            choices={[
              ...(initial.teacher ? [] : [{ value: '', label: t('card.no_teacher') }]),
              ...(teachers ?? own).map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        )}
        <TextField form={form} name="place" label={t('ask.edit.place')} maxLength={NAME_MAX} wide />
        <div class="form__end">
          <ul class="follows">
            <li>{t('ask.edit.told', { booked: now.seats_taken, waiting: now.waitlist.length })}</li>
            <li>{t('ask.edit.keep')}</li>
          </ul>
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
