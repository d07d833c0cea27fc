// The newest known state of each class, as signals: what shows one class is drawn again when that
// class changes, and nothing else.

import { signal } from '@preact/signals';
import type { Signal } from '@preact/signals';

import type { ScheduleBody, Slot } from './types.ts';

export class Schedules {
  #known = new Map<string, Signal<Slot>>();

  get(id: string): Signal<Slot> | undefined {
    return this.#known.get(id);
  }

  /** Takes rows of a list in. What a list alone says is taken even where its state is old news. */
  list(items: readonly Slot[]): void {
    for (const item of items) {
      const known = this.#known.get(item.id);
      if (!known) this.#known.set(item.id, signal(item));
      else if (isOlder(item, known.peek())) known.value = { ...known.peek(), ...ofListAlone(item) };
      else if (!isSame(item, known.peek())) known.value = item;
    }
  }

  /** Takes a snapshot, a frame or an answer in; false when something newer is known, or no such class. */
  apply(id: string, body: ScheduleBody): boolean {
    const known = this.#known.get(id);
    if (!known || isOlder(body, known.peek())) return false;
    known.value = { ...known.peek(), ...body };
    return true;
  }

  /** Forgets all but these, so that a console that is open for weeks does not grow. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }
}

export function isOlder(a: ScheduleBody, b: ScheduleBody): boolean {
  return a.epoch !== b.epoch ? a.epoch < b.epoch : a.version < b.version;
}

function isSame(a: Slot, b: Slot): boolean {
  const plain = (slot: Slot): string => JSON.stringify({ ...slot, server_time: '' });
  return plain(a) === plain(b);
}

/** What frames do not carry. */
function ofListAlone({ teacher_id, teacher_name, location, course_kind, level, category, final_price_fen }: Slot): Partial<Slot> {
  return { teacher_id, teacher_name, location, course_kind, level, category, final_price_fen };
}

export const schedules = new Schedules();
