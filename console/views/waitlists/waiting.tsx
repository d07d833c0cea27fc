// Everybody who waits.

import { whenText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { chosen, filter, usePaged } from '../../lib/paged.ts';
import { link } from '../../lib/router.ts';
import type { Waiting } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Countdown } from '../../ui/countdown.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';

export function WaitingPeople() {
  const full = chosen('full');
  const list = usePaged<Waiting>('/admin/waitlist', full ? { full: 'true' } : {});
  return (
    <>
      <p class="filters">
        <label class="check">
          <input type="checkbox" checked={full === '1'} onChange={() => filter({ full: full ? null : '1' })} />
          {t('waitlists.only_full')}
        </label>
      </p>
      <Listing list={list} empty={<Empty title={t('waitlists.none')}>{t('waitlists.none.text')}</Empty>}>
        {(items) => (
          <table class="table table--cards">
            <thead>
              <tr>
                <th>{t('waitlists.class')}</th>
                <th>#</th>
                <th>{t('roster.name')}</th>
                <th>{t('roster.state')}</th>
                <th>{t('notes.when')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <Row key={row.waitlist_id} row={row} />
              ))}
            </tbody>
          </table>
        )}
      </Listing>
    </>
  );
}

function Row({ row }: { row: Waiting }) {
  const { schedule_id, course_name, starts_at, position, nickname, student_id, status, reachable, offer, passed, joined_at } = row;
  return (
    <tr>
      <td>
        <span>
          <a href={link(['classes', schedule_id], { person: student_id })}>{course_name}</a> <span class="soft">{whenText(starts_at)}</span>
        </span>
      </td>
      <td data-label="#">{position}</td>
      <td data-label={t('roster.name')}>{nickname}</td>
      <td data-label={t('roster.state')}>
        <span class="row">
          <Badge tone={status === 'waiting' ? 'plain' : 'hot'}>{t(`entry.${status}`)}</Badge>
          {offer && <Countdown until={offer.deadline} />}
          {!reachable && <Badge tone="held">{t('queue.unreachable')}</Badge>}
          {passed && <span class="soft">{t(`passed.${passed.reason}`)}</span>}
        </span>
      </td>
      <td data-label={t('notes.when')}>{whenText(joined_at)}</td>
    </tr>
  );
}
