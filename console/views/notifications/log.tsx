import { api } from '../../lib/api.ts';
import { whenText } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { chosen, filter, usePaged } from '../../lib/paged.ts';
import { link } from '../../lib/router.ts';
import { addDays, isDate, wallSecond } from '../../lib/time.ts';
import { offsetAt } from '../../lib/today.ts';
import type { Notification, NotificationState } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import { Badge } from '../../ui/badge.tsx';
import type { Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';
import { Choose } from '../../ui/choose.tsx';
import { toast } from '../../ui/toast.tsx';

const STATES = ['queued', 'sent', 'refused', 'failed', 'dropped'] as const;
const KINDS = [
  'seat_offered',
  'offer_reminder',
  'offer_lost',
  'offer_lapsed',
  'offer_withdrawn',
  'offer_skipped',
  'waitlist_closed',
  'booking_confirmed',
  'booking_pending',
  'booking_cancelled',
  'booking_attended',
  'class_reminder',
  'schedule_changed',
  'new_login',
] as const;
const TONES: Record<NotificationState, Tone> = { queued: 'held', sent: 'main', refused: 'hot', failed: 'hot', dropped: 'faint' };

const midnight = (date: string): string => `${date}T00:00:00${offsetAt(`${date}T00:00`)}`;

/** From the beginning of a day to the end of one, at the school. */
function span(from: string, to: string): Record<string, string> {
  return {
    ...(isDate(from) ? { from: midnight(from) } : {}),
    ...(isDate(to) ? { to: midnight(addDays(to, 1)) } : {}),
  };
}

export function Log() {
  const [state, kind, from, to] = [chosen('state'), chosen('kind'), chosen('from'), chosen('to')];
  const list = usePaged<Notification>('/notifications', { state, kind, ...span(from, to) });
  const date = (name: 'from' | 'to', value: string) => (
    <label class="check">
      {t(`notes.${name}`)}
      <input class="input input--small" type="date" value={value} onChange={(event) => filter({ [name]: event.currentTarget.value })} />
    </label>
  );
  return (
    <>
      <div class="filters">
        <Choose
          label={t('notes.state')}
          value={state}
          choices={STATES.map((one) => [one, t(`note.state.${one}`)])}
          onChoose={(value) => filter({ state: value })}
        />
        <Choose
          label={t('notes.kind')}
          value={kind}
          choices={KINDS.map((one) => [one, t(`kind.${one}`)])}
          onChoose={(value) => filter({ kind: value })}
        />
        {date('from', from)}
        {date('to', to)}
      </div>
      <Listing list={list} empty={<Empty title={t('notes.empty')}>{t('notes.empty.text')}</Empty>}>
        {(items) => (
          <table class="table table--cards">
            <thead>
              <tr>
                <th>{t('notes.when')}</th>
                <th>{t('notes.who')}</th>
                <th>{t('notes.what')}</th>
                <th>{t('notes.state')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((note) => (
                <Row key={note.id} note={note} onChanged={list.reload} />
              ))}
            </tbody>
          </table>
        )}
      </Listing>
    </>
  );
}

function Row({ note, onChanged }: { note: Notification; onChanged: () => void }) {
  const { happened_at, nickname, account_id, kind, title, body, state, reason, detail, attempts, next_at, schedule_id } = note;
  const what = tWord('kind', kind);
  const again = state === 'refused' || state === 'failed' || state === 'dropped';
  return (
    <tr>
      <td data-label={t('notes.when')} class="nowrap">
        {whenText(happened_at)}
      </td>
      <td data-label={t('notes.who')}>
        <a href={link(['people', account_id])}>{nickname ?? account_id}</a>
      </td>
      <td>
        <span>
          <a href={link(['classes', schedule_id])}>{what}</a> {title !== what && <strong>{title}</strong>}{' '}
          <span class="soft">{body}</span>
        </span>
      </td>
      <td data-label={t('notes.state')}>
        <span class="row note__state">
          <Badge tone={TONES[state]}>{t(`note.state.${state}`)}</Badge>
          {reason && <span class="soft">{tWord('note.reason', reason)}</span>}
          {detail && <span class="soft">{detail}</span>}
          {attempts > 1 && <span class="soft">{t('notes.attempts', { n: attempts })}</span>}
          {next_at && <span class="soft">{t('notes.next', { time: wallSecond(next_at) })}</span>}
          {again && (
            <Button small onClick={() => resend(note, onChanged)}>
              {t('notes.resend')}
            </Button>
          )}
        </span>
      </td>
    </tr>
  );
}

function resend({ id, nickname, title }: Notification, onChanged: () => void): void {
  ask(() => ({
    title: t('notes.resend.title', { name: nickname ?? '' }),
    follows: [title, t('notes.resend.text')],
    yes: t('notes.resend'),
    run: async (_, key) => {
      await api.post(`/notifications/${encodeURIComponent(id)}/resend`, {}, { key });
      onChanged();
      toast(t('notes.resent', { name: nickname ?? '' }));
    },
  }));
}
