// What can be done with one booking.

import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/errors.ts';
import { yuan } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { TextKey } from '../../lib/i18n.ts';
import { isStaff } from '../../lib/session.ts';
import { told } from '../../lib/told.ts';
import { newRequestKey } from '../../lib/tap.ts';
import type { RosterBooking } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import type { Asked } from '../../ui/ask.tsx';
import { newest, tell } from './actions.ts';
import type { Action, Context } from './actions.ts';

const NOTE_MAX = 2_000;
const NOTE_CHANGED = 'note_changed';

const path = (booking: RosterBooking, what: string): string => `/bookings/${encodeURIComponent(booking.id)}/${what}`;

export function bookingActions(booking: RosterBooking, context: Context): Action[] {
  const { status, payment_status } = booking;
  const note: Action = { label: 'do.note', run: () => writeNote(booking, context) };
  const cancel: Action = { label: 'do.cancel', danger: true, run: () => cancelBooking(booking, context) };
  const present: Action = { label: 'do.present', run: () => void attend(booking, context, true) };
  const absent: Action = { label: 'do.absent', run: () => void attend(booking, context, false) };
  switch (status) {
    case 'pending':
      if (payment_status === 'unpaid')
        return [...(isStaff.value ? [{ label: 'do.paid', run: () => markPaid(booking, context) } as const] : []), cancel, note];
      return [{ label: 'do.confirm', run: () => confirm(booking, context) }, cancel, note];
    case 'confirmed':
      return context.begun ? [present, absent, note] : [cancel, note];
    case 'completed':
      return [absent, note];
    case 'no_show':
      return [present, note];
    case 'cancelled':
      return [];
  }
}

/** Asks about a booking as it is by now; when the action `label` is not offered any more, the question is over. */
function askOf(booking: RosterBooking, context: Context, label: TextKey, what: (booking: RosterBooking, context: Context) => Asked): void {
  ask(() => {
    const latest = newest(context);
    const known = latest.roster.bookings.find(({ id }) => id === booking.id);
    // A roster that was cut says nothing of whom it leaves out.
    const isOver = known ? !bookingActions(known, latest).some((action) => action.label === label) : latest.roster.complete;
    return { ...what(known ?? booking, latest), isOver };
  });
}

function cancelBooking(asked: RosterBooking, context: Context): void {
  askOf(asked, context, 'do.cancel', (booking, latest) => {
    const { now, changed } = latest;
    const { nickname: name } = booking;
    const waiting = now.waitlist.length;
    const races = waiting > 0 && now.waitlist.open;
    return {
      title: t('ask.cancel', { name }),
      follows: [
        t('ask.cancel.told', { name }),
        ...(booking.payment_status === 'paid' ? [t('ask.cancel.refund', { price: yuan(booking.final_price_fen) })] : []),
        races ? t('ask.cancel.race', { n: waiting }) : t('ask.cancel.public'),
      ],
      yes: t('ask.cancel.yes'),
      danger: true,
      fields: [{ name: 'reason', label: t('ask.reason'), maxLength: 200 }],
      run: async ({ reason }, key) => {
        await api.put(path(booking, 'cancel'), reason ? { reason } : {}, { key });
        changed();
        const { schedule_id, student_id: profile_id, student_note: note } = booking;
        const again = { schedule_id, profile_id, ...(note ? { note } : {}) };
        // Booking again is for staff alone; whether a seat is still free is for the server to say. What cost
        // a fee was paid back, and would have to be paid again within minutes: that is no undoing. Nor can
        // it be undone once the seat is promised to those who wait.
        const undo = (undoKey: string): Promise<void> => api.post('/bookings', again, { key: undoKey }).then(changed);
        tell(latest, t('done.cancel', { name }), isStaff.peek() && booking.final_price_fen === 0 && (!races || now.seats_left > 0) ? { undo } : {});
      },
    };
  });
}

function confirm(asked: RosterBooking, context: Context): void {
  askOf(asked, context, 'do.confirm', (booking, latest) => {
    const { nickname: name } = booking;
    return {
      title: t('ask.confirm', { name }),
      follows: [t('ask.confirm.told', { name })],
      yes: t('do.confirm'),
      run: async (_, key) => {
        await api.put(path(booking, 'confirm'), {}, { key });
        latest.changed();
        tell(latest, t('done.confirm', { name }));
      },
    };
  });
}

function markPaid(asked: RosterBooking, context: Context): void {
  askOf(asked, context, 'do.paid', (booking, latest) => {
    const { nickname: name } = booking;
    return {
      title: t('ask.paid', { name }),
      follows: [t('ask.paid.text', { price: yuan(booking.final_price_fen) }), t('ask.final')],
      yes: t('do.paid'),
      run: async (_, key) => {
        await api.put(path(booking, 'paid'), {}, { key });
        latest.changed();
        tell(latest, t('done.paid', { name }));
      },
    };
  });
}

/**
 * Marked at a tap, because a whole class is marked one by one. A mark that was changed can be given back;
 * there is no way back to none, and the other mark, which the student would be told, is no undoing.
 */
async function attend(booking: RosterBooking, context: Context, present: boolean): Promise<void> {
  const { nickname: name, status } = booking;
  const mark = (was: boolean, key: string): Promise<void> =>
    api.put(path(booking, was ? 'complete' : 'no-show'), {}, { key }).then(context.changed);
  try {
    await mark(present, newRequestKey());
    const wasMarked = status === 'completed' || status === 'no_show';
    const undo = (key: string): Promise<void> => mark(status === 'completed', key);
    tell(context, t(present ? 'done.present' : 'done.absent', { name }), wasMarked ? { undo } : {});
  } catch (error) {
    const isUnknown = error instanceof ApiError && error.unknown;
    tell(context, t(isUnknown ? 'done.attend.unknown' : 'done.attend.failed', { name, why: told(error) }), { bad: true });
    context.changed();
  }
}

/** A note has no version: what somebody else wrote meanwhile is shown before it is written over. */
function writeNote(asked: RosterBooking, context: Context): void {
  const one = `/bookings/${encodeURIComponent(asked.id)}`;
  let known = asked.teacher_note ?? '';
  askOf(asked, context, 'do.note', ({ nickname: name, teacher_note: initial }, latest) => ({
    title: t('ask.note', { name }),
    follows: [t('ask.note.text')],
    yes: t('save'),
    fields: [{ name: 'teacher_note', label: t('ask.note.field'), initial: initial ?? '', maxLength: NOTE_MAX, refusal: NOTE_CHANGED }],
    run: async ({ teacher_note }, key) => {
      const now = (await api.get<RosterBooking>(one)).teacher_note ?? '';
      if (now !== known && now !== teacher_note) {
        known = now;
        throw new ApiError({ status: 409, reason: NOTE_CHANGED, text: t('ask.note.changed', { note: now || t('ask.note.none') }) });
      }
      await api.patch(one, { teacher_note }, { key });
      latest.changed();
      tell(latest, t('done.note', { name }));
    },
  }));
}
