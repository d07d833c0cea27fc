// A step of the story as a sentence.

import { whenText } from '../../lib/format.ts';
import { isKey, t, tWord } from '../../lib/i18n.ts';
import { wallSecond, wallTime } from '../../lib/time.ts';
import { text } from './story.ts';
import type { Step, Verdict } from './story.ts';

const NAMES_SHOWN = 4;

export type Tone = 'good' | 'bad' | 'plain' | 'soft';

export function sentence(step: Step): string {
  const who = names(step);
  const { details, word } = step;
  const time = wallSecond(text(details['deadline']) || text(details['expires_at']));
  switch (step.event) {
    case 'opened':
      return t('ev.opened', { capacity: Number(details['capacity']) });
    case 'status_changed':
      return tWord('ev.status', word);
    case 'capacity_changed':
      return t('ev.capacity', { capacity: Number(details['capacity']) });
    case 'rescheduled':
      return t('ev.rescheduled', { when: `${whenText(text(details['starts_at']))}–${wallTime(text(details['ends_at']))}` });
    case 'booked':
      return tWord('ev.booked', word, { who }) + afterBooking(details);
    case 'booking_paid':
      return t('ev.paid', { who });
    case 'booking_confirmed':
      return t('ev.confirmed', { who });
    case 'booking_cancelled':
      return (
        tWord('ev.cancelled', word, { who }) +
        (text(details['reason']) && t('ev.reason', { reason: tWord('reason', text(details['reason'])) }))
      );
    case 'booking_attended':
      return tWord('ev', word, { who });
    case 'held':
      return t('ev.held', { who, time });
    case 'hold_ended':
      return tWord('ev.hold', word, { who });
    case 'joined':
      return t('ev.joined', { who, position: step.position ?? '' });
    case 'entry_ended':
      return tWord('ev.entry', word, { who });
    case 'round_opened':
      return t('ev.round', { cause: tWord('cause', word) });
    case 'offer_sent':
      return tWord('ev.offer', word, { who, time });
    case 'offer_begun':
      return t('ev.begun', { who });
    case 'round_reminded':
      return t('ev.reminded');
    case 'offer_ended':
      return tWord('ev.offer', word, { who });
    case 'entry_passed':
      return tWord('ev.passed', word || 'other', { who });
    case 'round_ended':
      return tWord('ev.round', word);
    default:
      return t('ev.unknown', { event: step.event });
  }
}

function afterBooking(details: Step['details']): string {
  const state = text(details['state']);
  if (state === 'awaiting_payment') return t('ev.booked.unpaid', { time: wallSecond(text(details['pay_deadline'])) });
  return state === 'awaiting_teacher' ? t('ev.booked.teacher') : '';
}

function names({ people }: Step): string {
  const shown = people
    .slice(0, NAMES_SHOWN)
    .map(({ name }) => name)
    .join(t('story.and'));
  return people.length > NAMES_SHOWN ? `${shown} ${t('story.more', { n: people.length })}` : shown;
}

const GOOD = new Set([
  'booked',
  'booking_paid',
  'booking_confirmed',
  'offer_ended.accepted',
  'booking_attended.present',
  'entry_ended.promoted',
  'round_ended.won',
]);
const BAD = new Set([
  'booking_cancelled',
  'booking_attended.absent',
  'entry_ended.turn_passed',
  'entry_ended.cutoff',
  'entry_passed',
  'offer_ended.lost',
  'offer_ended.lapsed',
  'offer_ended.withdrawn',
  'status_changed.revoked',
]);
const SOFT = new Set(['round_reminded', 'hold_ended.used', 'entry_ended.promoted', 'offer_ended.accepted', 'round_ended.won']);

export function tone({ event, word }: Step): Tone {
  const is = (set: ReadonlySet<string>): boolean => set.has(event) || set.has(`${event}.${word}`);
  if (is(SOFT)) return 'soft';
  if (is(GOOD)) return 'good';
  return is(BAD) ? 'bad' : 'plain';
}

/** Why a person has a freed seat or not. */
export function verdictText({ outcome, at, who, begunAt, why }: Verdict): string {
  const time = wallSecond(at);
  if (outcome === 'passed') {
    const key = `verdict.passed.${why}`;
    return isKey(key) ? t(key) : t('verdict.passed.other');
  }
  if (outcome === 'lost') return who ? t('verdict.lost', { winner: who, time }) : t('verdict.lost.unknown', { time });
  if (outcome === 'lapsed' && begunAt) return t('verdict.lapsed.begun', { begun: wallSecond(begunAt), time });
  return t(`verdict.${outcome}`, { time, who });
}
