// A class on the board: drawn again when that class changes, and only then.

import type { Signal } from '@preact/signals';
import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';

import { t } from '../../lib/i18n.ts';
import { useHasCome } from '../../lib/phase.ts';
import { link } from '../../lib/router.ts';
import { schedules } from '../../lib/schedules.ts';
import { wallTime } from '../../lib/time.ts';
import type { Slot } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import type { Tone } from '../../ui/badge.tsx';
import { Changed } from '../../ui/changed.tsx';
import { Countdown } from '../../ui/countdown.tsx';
import { SeatBar } from '../../ui/seats.tsx';
import { isOver } from './filter.ts';
import type { Watcher } from './watcher.ts';

interface Props {
  id: string;
  watcher: Watcher;
}

export const Card = memo(function Card({ id, watcher }: Props) {
  const element = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    const card = element.current;
    if (!card) return undefined;
    watcher.observe(card, id);
    return () => watcher.unobserve(card);
  }, [id, watcher]);
  const slot = schedules.get(id);
  return (
    <li class="cards__item">
      {/* One card of all is in the order of Tab; arrows go from one to the next. */}
      <a class="card" ref={element} href={link(['classes', id])} data-id={id} data-state={slot && stateOf(slot.value)} tabIndex={-1}>
        {slot && <CardBody slot={slot} />}
      </a>
    </li>
  );
});

function stateOf(slot: Slot): string {
  return slot.rounds.length > 0 ? 'running' : slot.availability;
}

function CardBody({ slot: { value: slot } }: { slot: Signal<Slot> }) {
  const { seats_taken, seats_held, seats_offered, seats_left, capacity, waitlist } = slot;
  return (
    <>
      <span class="card__top">
        <span class="card__time">
          {wallTime(slot.starts_at)}
          <span class="soft">–{wallTime(slot.ends_at)}</span>
        </span>
        <State slot={slot} />
      </span>
      <strong class="card__name ellipsis" title={slot.course_name}>
        {slot.course_name}
      </strong>
      <span class="card__where ellipsis">{[slot.teacher_name ?? t('card.no_teacher'), slot.location].filter(Boolean).join(' · ')}</span>
      <SeatBar slot={slot} />
      <span class="card__seats">
        <span class="card__taken">
          <Changed value={seats_taken} />/{capacity}
        </span>
        {seats_held > 0 && <span class="held">{t('card.held', { n: seats_held })}</span>}
        {seats_offered > 0 && <span class="hot">{t('card.offered', { n: seats_offered })}</span>}
        <span class="card__left">{seats_left > 0 && !isOver(slot) ? t('card.left', { n: seats_left }) : ''}</span>
      </span>
      <span class="card__queue">
        <Rounds slot={slot} />
        {(waitlist.length > 0 || seats_left === 0) && (
          <span class={waitlist.length >= waitlist.capacity ? 'hot' : 'soft'}>
            {waitlist.open || waitlist.length > 0 ? (
              <Changed value={t('card.queue', { length: waitlist.length, capacity: waitlist.capacity })} />
            ) : (
              t('card.queue.closed')
            )}
          </span>
        )}
      </span>
    </>
  );
}

const TONES: Record<Slot['availability'], Tone> = {
  available: 'main',
  pending: 'held',
  booked: 'plain',
  blocked: 'faint',
  completed: 'faint',
  revoked: 'faint',
};

export function State({ slot }: { slot: Slot }) {
  const { availability, seats_offered } = slot;
  const begun = useHasCome(slot.starts_at);
  const ended = useHasCome(slot.ends_at);
  if (begun && availability !== 'completed' && availability !== 'revoked') {
    return <Badge tone={ended ? 'held' : 'faint'}>{ended ? t('card.ended') : t('card.started')}</Badge>;
  }
  // Its seats are not all taken: some are kept for who waits.
  if (availability === 'booked' && seats_offered > 0) return <Badge tone="hot">{t('class.offered')}</Badge>;
  return <Badge tone={TONES[availability]}>{t(`availability.${availability}`)}</Badge>;
}

const ROUNDS_SHOWN = 2;

function Rounds({ slot: { rounds } }: { slot: Slot }) {
  if (rounds.length === 0) return null;
  return (
    <span class="card__rounds hot">
      {rounds.slice(0, ROUNDS_SHOWN).map((round, index) => (
        <span key={index}>
          {t(`stage.${round.stage}`)} <Countdown until={round.deadline} />
        </span>
      ))}
      {rounds.length > ROUNDS_SHOWN && <span>+{rounds.length - ROUNDS_SHOWN}</span>}
    </span>
  );
}
