// Who waits, and what runs for them.

import { whenText } from '../../lib/format.ts';
import { isKey, t } from '../../lib/i18n.ts';
import { useHasCome } from '../../lib/phase.ts';
import { wallTime } from '../../lib/time.ts';
import type { Offer, QueueEntry, Roster } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Countdown } from '../../ui/countdown.tsx';
import type { Context } from './actions.ts';
import { queueActions } from './queueactions.ts';

export function Rounds({ roster: { rounds } }: { roster: Roster }) {
  if (rounds.length === 0) return null;
  return (
    <section class="rounds" aria-labelledby="rounds-title">
      <h2 id="rounds-title">{t('rounds.title')}</h2>
      <ul>
        {rounds.map((round) => (
          <li key={round.id} class="rounds__one">
            <Badge tone="hot">{t(`stage.${round.stage}`)}</Badge>
            <span>{round.turn_of ? t('rounds.turn', { name: round.turn_of }) : t('rounds.race')}</span>
            <strong class="rounds__left">
              <Countdown until={round.deadline} />
            </strong>
            <span class="soft">{t('until', { time: wallTime(round.deadline) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Props {
  context: Context;
  onPerson: (id: string) => void;
}

export function Queue({ context, onPerson }: Props) {
  const { roster, now } = context;
  return (
    <section class="queue" aria-labelledby="queue-title">
      <h2 id="queue-title">{t('queue.title', { length: now.waitlist.length, capacity: now.waitlist.capacity })}</h2>
      {roster.queue.length === 0 ? (
        <p class="hint queue__empty">{t('queue.empty')}</p>
      ) : (
        <ol class="queue__list">
          {roster.queue.map((entry) => (
            <Entry key={entry.waitlist_id} entry={entry} context={context} onPerson={onPerson} />
          ))}
        </ol>
      )}
    </section>
  );
}

/** In our words, which say that it is about the last seat; in the server's where there are none yet. */
function why(passed: NonNullable<QueueEntry['passed']>): string {
  const key = `passed.${passed.why}`;
  return isKey(key) ? t(key) : passed.text;
}

function Entry({ entry, context, onPerson }: Props & { entry: QueueEntry }) {
  const { nickname, position, reachable, passed, offer, joined_at, status } = entry;
  return (
    <li class="entry">
      <span class="entry__place">{position}</span>
      <div class="entry__body">
        <p class="entry__top">
          <button
            type="button"
            class="link ellipsis"
            title={t('roster.why', { name: nickname })}
            onClick={() => onPerson(entry.student_id)}
          >
            {nickname}
          </button>
          {status !== 'waiting' && <Badge tone="hot">{t(`entry.${status}`)}</Badge>}
          <span class="entry__reach" title={reachable ? undefined : t('queue.unreachable.why')}>
            <Badge tone={reachable ? 'main' : 'held'}>{reachable ? t('queue.reachable') : t('queue.unreachable')}</Badge>
          </span>
        </p>
        {offer && <OfferLine offer={offer} />}
        <div class="entry__foot">
          <p class="hint">
            {t('queue.joined', { when: whenText(joined_at) })}
            {passed && <span class="held"> · {why(passed)}</span>}
          </p>
          <span class="row">
            {queueActions(entry, context).map(({ label, danger, run }) => (
              <Button
                key={label}
                small
                kind={danger ? 'quiet' : 'plain'}
                label={t('do.for', { what: t(label), name: nickname })}
                onClick={run}
              >
                {t(label)}
              </Button>
            ))}
          </span>
        </div>
      </div>
    </li>
  );
}

function OfferLine({ offer }: { offer: Offer }) {
  const over = useHasCome(offer.deadline);
  return (
    <p class="hot entry__offer">
      {over ? (
        t('queue.over')
      ) : (
        <>
          {t(`queue.offer.${offer.stage}`)} <Countdown until={offer.deadline} />
        </>
      )}
      {offer.begun_at && <span> · {t('queue.begun')}</span>}
    </p>
  );
}
