// The event log of a class as a story: which events say one thing together, whom they concern, and
// where everybody stood in line meanwhile.

import type { HistoryItem } from '../../lib/types.ts';

export interface Step {
  /** Stable while more of the log is read. */
  key: string;
  version: number;
  at: string;
  event: string;
  /** What distinguishes it within its kind: how something ended, a stage, a status. */
  word: string;
  /** Whom it is about, in the order of the log. */
  people: { id: string; name: string }[];
  roundId: string | null;
  /** Place in line of the first of `people`, after this step. */
  position: number | null;
  details: Record<string, unknown>;
}

/** In which field of its details an event says how it went. */
const WORD_IN: Record<string, string> = {
  status_changed: 'status',
  booked: 'source',
  booking_cancelled: 'cancelled_by',
  hold_ended: 'end',
  entry_ended: 'end',
  round_opened: 'cause',
  offer_sent: 'stage',
  offer_ended: 'end',
  entry_passed: 'reason',
  round_ended: 'end',
};

/** Events that happen to several at once and are told as one. */
const TOGETHER = new Set(['offer_sent', 'offer_ended', 'entry_ended', 'entry_passed']);

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function steps(items: readonly HistoryItem[]): Step[] {
  const line: string[] = [];
  const told: Step[] = [];
  for (const [index, item] of items.entries()) {
    follow(line, item);
    const word = item.event === 'booking_attended' ? (item.details['present'] === true ? 'present' : 'absent') : text(item.details[WORD_IN[item.event] ?? '']);
    const roundId = text(item.details['round_id']) || null;
    const person = item.student_id ? { id: item.student_id, name: item.nickname ?? item.student_id } : null;
    const same = (step: Step): boolean => step.version === item.version && step.event === item.event && step.word === word && step.roundId === roundId;
    // Others may stand between: of a race that is won, the winner among those who lost.
    const first = person && TOGETHER.has(item.event) ? told.findLast(same) : undefined;
    if (person && first) {
      first.people.push(person);
      continue;
    }
    told.push({
      key: `${item.version}.${item.event}.${item.student_id ?? ''}.${word}.${roundId ?? index}`,
      version: item.version,
      at: item.at,
      event: item.event,
      word,
      people: person ? [person] : [],
      roundId,
      position: person ? line.indexOf(person.id) + 1 || null : null,
      details: item.details,
    });
  }
  return told;
}

/** Keeps the line as the server does: a place in line is a place in this list. */
function follow(line: string[], { event, student_id }: HistoryItem): void {
  if (!student_id) return;
  if (event === 'joined') line.push(student_id);
  if (event === 'entry_ended' && line.includes(student_id)) line.splice(line.indexOf(student_id), 1);
}

const FOR_ALL = new Set(['opened', 'status_changed', 'capacity_changed', 'rescheduled']);

/** What concerns one person: their own steps, the rounds they were in or waited through, and what was changed for all. */
export function stepsOf(told: readonly Step[], person: string): Step[] {
  const rounds = new Set(verdicts(told, person).map((verdict) => verdict.roundId));
  return told.filter((step) => {
    if (FOR_ALL.has(step.event) || step.people.some(({ id }) => id === person)) return true;
    const decisive = ['round_opened', 'round_ended', 'offer_sent', 'entry_passed'].includes(step.event);
    return step.roundId !== null && decisive && rounds.has(step.roundId);
  });
}

export interface Verdict {
  roundId: string;
  /** Counted over the class. */
  number: number;
  openedAt: string;
  cause: string;
  outcome: 'won' | 'lost' | 'lapsed' | 'declined' | 'withdrawn' | 'closed' | 'live' | 'passed' | 'other' | 'joined_later';
  at: string;
  /** Who got it, or whose turn it was. */
  who: string;
  begunAt: string;
  /** Why somebody was passed over. */
  why: string;
}

interface Seen {
  opened: Step;
  number: number;
  inLine: boolean;
  offered: boolean;
  deadline: string;
  begunAt: string;
  ended: { word: string; at: string } | null;
  passed: Step | null;
  turnOf: string;
  over: boolean;
}

/** For each seat that was freed while somebody waited, or was offered to them: why they have it or not. */
export function verdicts(told: readonly Step[], person: string): Verdict[] {
  const rounds = new Map<string, Seen>();
  let inLine = false;
  for (const step of told) {
    const mine = step.people.some(({ id }) => id === person);
    if (mine && step.event === 'joined') {
      inLine = true;
      // Too late for the race of these, and perhaps not for a turn.
      for (const round of rounds.values()) if (!round.over) round.inLine = true;
    }
    if (mine && step.event === 'entry_ended') inLine = false;
    if (step.event === 'round_opened' && step.roundId) {
      rounds.set(step.roundId, { opened: step, number: rounds.size + 1, inLine, offered: false, deadline: '', begunAt: '', ended: null, passed: null, turnOf: '', over: false });
    }
    const round = rounds.get(step.roundId ?? '');
    if (!round) continue;
    if (step.event === 'offer_sent' && step.word === 'turn') round.turnOf = step.people[0]?.name ?? '';
    if (step.event === 'round_ended') round.over = true;
    if (mine) note(round, step);
  }
  return [...rounds].filter(([, round]) => round.inLine || round.offered).map(([id, round]) => verdict(id, round, told, person));
}

function note(round: Seen, step: Step): void {
  if (step.event === 'offer_sent') {
    Object.assign(round, { offered: true, deadline: text(step.details['deadline']), ended: null, begunAt: '' });
  } else if (step.event === 'offer_begun') {
    round.begunAt = step.at;
  } else if (step.event === 'offer_ended') {
    round.ended = { word: step.word, at: step.at };
  } else if (step.event === 'entry_passed') {
    round.passed = step;
  }
}

function verdict(roundId: string, round: Seen, told: readonly Step[], person: string): Verdict {
  const { opened, number, ended, passed, turnOf, begunAt, deadline } = round;
  const base = { roundId, number, openedAt: opened.at, cause: opened.word, begunAt, why: passed?.word || 'other', who: '', at: ended?.at ?? '' };
  // Whom a rule kept from a turn was not only too slow in the race before it.
  if (passed?.word && ended?.word === 'lapsed') return { ...base, outcome: 'passed', at: passed.at };
  if (ended) {
    const outcome = ended.word === 'accepted' ? 'won' : (ended.word as Verdict['outcome']);
    return { ...base, outcome, who: outcome === 'lost' ? winner(told, roundId, ended.at, person) : '' };
  }
  if (round.offered) return { ...base, outcome: 'live', at: deadline };
  if (passed) return { ...base, outcome: 'passed', at: passed.at };
  return turnOf ? { ...base, outcome: 'other', who: turnOf } : { ...base, outcome: 'joined_later' };
}

/** Whose acceptance ended the others' offers of a round. */
function winner(told: readonly Step[], roundId: string, at: string, person: string): string {
  const won = told.find((step) => step.roundId === roundId && step.event === 'offer_ended' && step.word === 'accepted' && step.at === at);
  return won?.people.find(({ id }) => id !== person)?.name ?? '';
}

/** Where somebody stands by the end of the log. */
export function standing(told: readonly Step[], person: string): { is: 'booked' | 'gone' } | { is: 'waiting'; position: number } {
  const line: string[] = [];
  let booked = false;
  for (const step of told) {
    for (const { id } of step.people) {
      if (step.event === 'joined') line.push(id);
      if (step.event === 'entry_ended') line.splice(line.indexOf(id), 1);
      if (id !== person) continue;
      if (step.event === 'booked') booked = true;
      if (step.event === 'booking_cancelled') booked = false;
    }
  }
  if (booked) return { is: 'booked' };
  return line.includes(person) ? { is: 'waiting', position: line.indexOf(person) + 1 } : { is: 'gone' };
}

/** Everybody that the log names, by name. */
export function everybody(told: readonly Step[]): { id: string; name: string }[] {
  const people = new Map(told.flatMap((step) => step.people.map((person) => [person.id, person] as const)));
  return [...people.values()].sort((a, b) => a.name.localeCompare(b.name, 'zh'));
}
