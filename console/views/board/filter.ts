// Which classes are shown.

import { refine } from '../../lib/router.ts';
import { wallDate } from '../../lib/time.ts';
import type { Slot } from '../../lib/types.ts';

export type BoardView = 'day' | 'week';

export interface Filter {
  teacher: string;
  course: string;
  full: boolean;
  running: boolean;
  q: string;
}

export function filterOf(query: URLSearchParams): Filter {
  return {
    teacher: query.get('teacher') ?? '',
    course: query.get('course') ?? '',
    full: query.get('full') === '1',
    running: query.get('running') === '1',
    q: query.get('q') ?? '',
  };
}

export function clearFilters(): void {
  refine({ teacher: null, course: null, full: null, running: null, q: null });
}

export function isEmpty({ teacher, course, full, running, q }: Filter): boolean {
  return !teacher && !course && !full && !running && !q;
}

export function fits(slot: Slot, { teacher, course, full, running, q }: Filter): boolean {
  if (teacher && slot.teacher_id !== teacher) return false;
  if (course && slot.course_id !== course) return false;
  if (full && (slot.seats_left > 0 || isOver(slot))) return false;
  if (running && slot.rounds.length === 0) return false;
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${slot.course_name} ${slot.teacher_name ?? ''} ${slot.location}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Nothing more can happen to its seats. */
export function isOver(slot: Slot): boolean {
  return slot.availability === 'completed' || slot.availability === 'revoked';
}

/** What a day comes to. Classes that do not take place count for nothing. */
export function counts(slots: readonly Slot[]) {
  const held = slots.filter((slot) => slot.availability !== 'revoked');
  const sum = (of: (slot: Slot) => number): number => held.reduce((all, slot) => all + of(slot), 0);
  return {
    classes: held.length,
    seats: sum((slot) => slot.capacity),
    taken: sum((slot) => slot.seats_taken),
    free: sum((slot) => (isOver(slot) ? 0 : slot.seats_left)),
    full: held.filter((slot) => !isOver(slot) && slot.seats_left === 0).length,
    waiting: sum((slot) => slot.waitlist.length),
    rounds: sum((slot) => slot.rounds.length),
  };
}

export interface Group {
  /** Like `09`, or a date. */
  name: string;
  slots: Slot[];
}

/** By something that neighbours share; the order of the classes stays. */
export function grouped(slots: readonly Slot[], by: 'hour' | 'date'): Group[] {
  const groups: Group[] = [];
  for (const slot of slots) {
    const name = by === 'date' ? wallDate(slot.starts_at) : slot.starts_at.slice(11, 13);
    const last = groups.at(-1);
    if (last?.name === name) last.slots.push(slot);
    else groups.push({ name, slots: [slot] });
  }
  return groups;
}
