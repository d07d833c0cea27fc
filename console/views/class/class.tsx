// One class: who is in it, who waits, what runs, what happened, what can be done.

import { useEffect, useState } from 'preact/hooks';

import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/errors.ts';
import { t } from '../../lib/i18n.ts';
import { useShortcuts } from '../../lib/keys.ts';
import { useLatest } from '../../lib/latest.ts';
import { live } from '../../lib/live.ts';
import { useLoad, useThrottled } from '../../lib/load.ts';
import { useHasCome } from '../../lib/phase.ts';
import { link, place, refine } from '../../lib/router.ts';
import { isOlder, schedules } from '../../lib/schedules.ts';
import { isStaff } from '../../lib/session.ts';
import { told } from '../../lib/told.ts';
import type { Roster, ScheduleBody, Slot } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorState, Skeleton } from '../../ui/feedback.tsx';
import type { Context } from './actions.ts';
import { BookFor } from './bookfor.tsx';
import { EditClass } from './edit.tsx';
import { exportRoster } from './export.ts';
import { ClassHead } from './head.tsx';
import { useHistory } from './history.ts';
import { Queue, Rounds } from './queue.tsx';
import { RosterView } from './roster.tsx';
import { StoryView } from './storyview.tsx';

/** In a rush a class changes many times a second; its lists are read at most so often. */
const READ_EVERY_MS = 400;
/** Long ones are read less often: each reading is all of them. */
const READ_LONG_EVERY_MS = 2_000;
const LONG = 200;

export function ClassPage({ id }: { id: string }) {
  const path = `/schedules/${encodeURIComponent(id)}`;
  const { data: roster, error, reload } = useLoad(`roster ${id}`, (signal) => api.get<Roster>(`${path}/roster`, {}, signal));
  const [state, setState] = useState<ScheduleBody | null>(null);
  const isLong = roster !== null && roster.bookings.length + roster.queue.length > LONG;
  const soon = useThrottled(reload, isLong ? READ_LONG_EVERY_MS : READ_EVERY_MS);
  useEffect(
    () =>
      live.subscribe(`schedule:${id}`, (message) => {
        if (message.type !== 'snapshot' && message.type !== 'frame') return;
        const body = message.data as ScheduleBody;
        schedules.apply(id, body);
        setState((old) => (old && isOlder(body, old) ? old : body));
      }),
    [id],
  );
  const stale = roster && state && isOlder(roster.schedule, state);
  useEffect(() => {
    if (stale) soon();
  }, [stale, state?.version]);
  if (!roster && error instanceof ApiError && error.status === 404) {
    return (
      <Empty title={t('class.none')}>
        <a href={link(['board'])}>{t('nowhere.text')}</a>
      </Empty>
    );
  }
  if (!roster) return error ? <ErrorState error={error} retry={reload} /> : <Skeleton rows={6} />;
  const now: Slot = state && !isOlder(state, roster.schedule) ? { ...roster.schedule, ...state } : roster.schedule;
  return (
    <>
      {error !== null && (
        <p class="notice notice--bad" role="status">
          {t('class.stale', { why: told(error) })}{' '}
          <Button small onClick={reload}>
            {t('retry')}
          </Button>
        </p>
      )}
      <Loaded roster={roster} now={now} reload={soon} />
    </>
  );
}

type Over = 'book' | 'edit' | null;

function Loaded({ roster, now, reload }: { roster: Roster; now: Slot; reload: () => void }) {
  const [over, setOver] = useState<Over>(null);
  const person = place.value.query.get('person') ?? '';
  const begun = useHasCome(now.starts_at);
  const latest = useLatest({ roster, now, begun });
  const context: Context = { roster, now, begun, latest, changed: reload };
  const history = useHistory(now.id, now.version);
  const canBook = isStaff.value && !begun && !['revoked', 'completed'].includes(now.availability);
  const look = (student: string): void => {
    refine({ person: student || null });
    if (student) document.getElementById('story')?.scrollIntoView({ block: 'start' });
  };
  useShortcuts([
    ...(canBook ? [{ keys: 'b', label: 'keys.class.book', run: () => setOver('book') } as const] : []),
    { keys: 'p', label: 'keys.class.print', run: () => print() },
    { keys: 'e', label: 'keys.class.export', run: () => exportRoster(roster) },
  ]);
  return (
    <article class="class">
      <p class="class__back">
        <a href={link(['board'], { date: now.starts_at.slice(0, 10) })}>← {t('class.back')}</a>
      </p>
      <ClassHead context={context} slot={now} onBook={canBook ? () => setOver('book') : null} onEdit={() => setOver('edit')} />
      <div class="class__columns">
        <div>
          <RosterView context={context} onPerson={look} />
        </div>
        <div class="class__side">
          <Rounds roster={roster} />
          <Queue context={context} onPerson={look} />
        </div>
      </div>
      <StoryView history={history} person={person} onPerson={look} />
      {over === 'book' && <BookFor context={context} onClose={() => setOver(null)} />}
      {over === 'edit' && <EditClass context={context} slot={now} onClose={() => setOver(null)} />}
    </article>
  );
}
