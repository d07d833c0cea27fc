// Queues by class, the fullest first, and what could be done about it.

import { api } from '../../lib/api.ts';
import { whenText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { useLatest } from '../../lib/latest.ts';
import { usePaged } from '../../lib/paged.ts';
import { link } from '../../lib/router.ts';
import type { WaitingClass } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';
import { toast } from '../../ui/toast.tsx';

export function QueuedClasses() {
  const list = usePaged<WaitingClass>('/admin/waitlist/classes', {});
  const latest = useLatest(list.data?.items ?? []);
  return (
    <Listing list={list} empty={<Empty title={t('waitlists.none')}>{t('waitlists.none.text')}</Empty>}>
      {(items) => (
        <table class="table table--cards">
          <thead>
            <tr>
              <th>{t('waitlists.class')}</th>
              <th>{t('waitlists.queue')}</th>
              <th>{t('waitlists.cutoff')}</th>
              <th>{t('waitlists.suggestion')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((row) => (
              <Row key={row.schedule_id} row={row} onRaise={() => raise(row, latest, list.reload)} />
            ))}
          </tbody>
        </table>
      )}
    </Listing>
  );
}

function Row({ row, onRaise }: { row: WaitingClass; onRaise: () => void }) {
  const { schedule_id, course_name, teacher_name, starts_at, cutoff_at, waitlist_length, waitlist_capacity, full, suggestion } = row;
  return (
    <tr>
      <td>
        <span>
          <a href={link(['classes', schedule_id])}>{course_name}</a>{' '}
          <span class="soft">
            {whenText(starts_at)} {teacher_name}
          </span>
        </span>
      </td>
      <td data-label={t('waitlists.queue')}>
        <span class="row">
          {t('card.queue', { length: waitlist_length, capacity: waitlist_capacity })}
          {full && <Badge tone="hot">{t('waitlists.full')}</Badge>}
        </span>
      </td>
      <td data-label={t('waitlists.cutoff')}>{whenText(cutoff_at)}</td>
      <td data-label={suggestion ? t('waitlists.suggestion') : undefined}>
        {suggestion && (
          <span class="row">
            <span>{suggestion.text}</span>
            {suggestion.kind === 'raise' && (
              <Button small onClick={onRaise}>
                {t('waitlists.raise', { n: suggestion.capacity })}
              </Button>
            )}
          </span>
        )}
      </td>
    </tr>
  );
}

/** What is suggested may change while it is asked: others raise it too, and queues grow. */
function raise(asked: WaitingClass, latest: () => readonly WaitingClass[], onChanged: () => void): void {
  const set = (to: number | null, key: string): Promise<void> =>
    api.put('/waitlist/capacity', { scope: 'schedule', ref: asked.schedule_id, capacity: to }, { key }).then(onChanged);
  ask(() => {
    const known = latest().find(({ schedule_id }) => schedule_id === asked.schedule_id);
    const { course_name: name, starts_at, waitlist_capacity: from, own_size, suggestion } = known ?? asked;
    const to = suggestion?.kind === 'raise' ? suggestion.capacity : from;
    return {
      title: t('waitlists.raise.title', { name }),
      follows: [t('waitlists.raise.text', { from, to })],
      yes: t('waitlists.raise', { n: to }),
      isOver: known?.suggestion?.kind !== 'raise',
      run: async (_, key) => {
        await set(to, key);
        // A class that followed its course follows it again: a size of its own would stay behind.
        const undo = (undoKey: string): Promise<void> => set(own_size ? from : null, undoKey);
        toast(t('waitlists.raised', { n: to }), { about: `${name} · ${whenText(starts_at)}`, undo });
      },
    };
  });
}
