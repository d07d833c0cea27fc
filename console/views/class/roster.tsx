// Who is in the class.

import { dateText, whenText, yuan } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { wallDate, wallTime } from '../../lib/time.ts';
import { today } from '../../lib/today.ts';
import type { RosterBooking, Slot } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import type { Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Countdown } from '../../ui/countdown.tsx';
import { Empty } from '../../ui/feedback.tsx';
import type { Context } from './actions.ts';
import { bookingActions } from './bookingactions.ts';
import { isUnpaid, liveBookings, statusText } from './rosters.ts';

interface Props {
  context: Context;
  onPerson: (id: string) => void;
}

export function RosterView({ context, onPerson }: Props) {
  const { roster, now } = context;
  const booked = liveBookings(roster);
  const ended = roster.bookings.filter(({ status }) => status === 'cancelled');
  const rows = (bookings: readonly RosterBooking[]) =>
    bookings.map((booking) => <Row key={booking.id} booking={booking} context={context} onPerson={onPerson} />);
  return (
    <section class="roster" aria-labelledby="roster-title">
      <h2 id="roster-title">{t('roster.title', { n: roster.complete ? booked.length : now.seats_taken, capacity: now.capacity })}</h2>
      {!roster.complete && (
        <p class="notice notice--warn" role="status">
          {t('roster.part')}
        </p>
      )}
      <p class="print-only">
        {[now.course_name, onPaper(now), now.teacher_name, now.location].filter(Boolean).join(' · ')}
      </p>
      {booked.length === 0 ? (
        <Empty title={t('roster.empty')}>{t('roster.empty.text')}</Empty>
      ) : (
        <div class="table-box">
          <table class="table table--cards roster__table">
            <Head />
            <tbody>{rows(booked)}</tbody>
          </table>
        </div>
      )}
      {roster.holds.map((hold) => (
        <p key={hold.student_id} class="notice notice--warn roster__hold">
          {t('roster.hold', { name: hold.nickname })} <Countdown until={hold.expires_at} />
        </p>
      ))}
      {ended.length > 0 && (
        <details class="roster__ended">
          <summary>{t('roster.ended', { n: ended.length })}</summary>
          <div class="table-box">
            <table class="table table--cards roster__table">
              <Head />
              <tbody>{rows(ended)}</tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  );
}

/** The date in full: paper is read on other days too. */
function onPaper({ starts_at, ends_at }: Slot): string {
  return `${dateText(wallDate(starts_at))} ${wallTime(starts_at)}–${wallTime(ends_at)}`;
}

function Head() {
  return (
    <thead>
      <tr>
        <th>{t('roster.name')}</th>
        <th>{t('roster.state')}</th>
        <th>{t('roster.fee')}</th>
        <th class="screen-only">{t('roster.booked')}</th>
        <th class="screen-only">{t('roster.actions')}</th>
        <th class="print-only">{t('roster.sign')}</th>
      </tr>
    </thead>
  );
}

const TONES: Record<RosterBooking['status'], Tone> = {
  pending: 'held',
  confirmed: 'main',
  cancelled: 'faint',
  completed: 'plain',
  no_show: 'hot',
};

function Row({ booking, context, onPerson }: Props & { booking: RosterBooking }) {
  const { nickname, status, payment_status, pay_deadline, student_note, teacher_note, source, booked_by_name } = booking;
  const unpaid = isUnpaid(booking);
  const how = [
    source === 'direct' ? '' : tWord('source', source),
    booked_by_name && booked_by_name !== nickname ? t('roster.by', { name: booked_by_name }) : '',
  ];
  return (
    <tr class={status === 'cancelled' ? 'is-over' : undefined}>
      <td class="table__name">
        <button type="button" class="link" title={t('roster.why', { name: nickname })} onClick={() => onPerson(booking.student_id)}>
          {nickname}
        </button>
        <Notes student={student_note} teacher={teacher_note ?? null} />
      </td>
      <td data-label={t('roster.state')}>
        <span>
          <Badge tone={unpaid ? 'hot' : TONES[status]}>{statusText(booking)}</Badge>
          {status === 'cancelled' && booking.cancelled_by && <span class="soft"> {tWord('by', booking.cancelled_by)}</span>}
          {booking.cancel_reason && <span class="soft"> {tWord('reason', booking.cancel_reason)}</span>}
          {unpaid && pay_deadline && (
            <span class="hot">
              {' '}
              <Countdown until={pay_deadline} />
            </span>
          )}
        </span>
      </td>
      <td data-label={t('roster.fee')} class="nowrap">
        {booking.final_price_fen > 0 ? `${yuan(booking.final_price_fen)} ` : ''}
        {!unpaid && <span class="soft">{t(`payment.${payment_status}`)}</span>}
      </td>
      <td data-label={t('roster.booked')} class="screen-only">
        <span>
          <span class="nowrap">{sinceText(booking.created_at)}</span> <span class="soft">{how.filter(Boolean).join('，')}</span>
        </span>
      </td>
      <td class="screen-only">
        <span class="row roster__buttons">
          {bookingActions(booking, context).map(({ label, danger, run }) => (
            <Button
              key={label}
              small
              kind={danger ? 'warn' : 'plain'}
              label={t('do.for', { what: t(label), name: nickname })}
              onClick={run}
            >
              {t(label)}
            </Button>
          ))}
        </span>
      </td>
      <td class="print-only" />
    </tr>
  );
}

/** Of today the time is enough. */
function sinceText(instant: string): string {
  return wallDate(instant) === today.value ? wallTime(instant) : whenText(instant);
}

function Notes({ student, teacher }: { student: string | null; teacher: string | null }) {
  return (
    <>
      {student && <p class="hint">{t('roster.student_note', { note: student })}</p>}
      {teacher && <p class="hint">{t('roster.teacher_note', { note: teacher })}</p>}
    </>
  );
}
