// Making the classes of a plan, some at a time, so that progress can be seen and a stop in the midst
// can be gone on from.

import { signal } from '@preact/signals';

import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/errors.ts';
import { user } from '../../lib/session.ts';
import { newRequestKey } from '../../lib/tap.ts';
import type { BatchAnswer } from '../../lib/types.ts';

const AT_ONCE = 20;
const LOOK_AT_ONCE = 200;

export interface Order {
  course_id: string;
  teacher_id?: string;
  capacity?: number;
  location?: string;
}

/** What would be made and what would be refused; nothing is made. */
export async function preview(order: Order, starts: readonly string[]): Promise<BatchAnswer> {
  const all: BatchAnswer = { created: [], refused: [] };
  for (const some of parts(starts, LOOK_AT_ONCE)) {
    const answer = await api.post<BatchAnswer>('/schedules/batch', {
      ...order,
      items: some.map((starts_at) => ({ starts_at })),
      dry_run: true,
    });
    all.created.push(...answer.created);
    all.refused.push(...answer.refused);
  }
  return all;
}

/** The plan that is being made, or was made last: it goes on whatever page is open, and is there to come back to. */
export const making = signal<Making | null>(null);

/** The plan that is on show to whoever is logged in: never somebody else's. */
export function ownMaking(): Making | null {
  return making.value?.whose === user.value?.id ? making.value : null;
}

/** While one is, no other begins: nobody would know what there is and what there is not. */
export function isUnfinished(): boolean {
  const own = ownMaking();
  return own !== null && own.state.value !== 'done';
}

/** A plan that is not made to its end is forgotten with the page, and with it what would keep it from being made twice. */
export function warnBeforeLeaving(): void {
  addEventListener('beforeunload', (event) => {
    if (isUnfinished()) event.preventDefault();
  });
}

export class Making {
  readonly answer = signal<BatchAnswer>({ created: [], refused: [] });
  readonly state = signal<'working' | 'stopped' | 'done'>('working');
  readonly error = signal<unknown>(null);
  /** Of how many nobody knows whether they were made: the answer was lost. */
  readonly unknown = signal(0);
  readonly total: number;
  readonly whose = user.peek()?.id;
  #order: Order;
  /** Each part keeps its key until its answer is known: going on repeats nothing. */
  #left: { starts: readonly string[]; key: string }[];

  constructor(order: Order, starts: readonly string[]) {
    this.#order = order;
    this.total = starts.length;
    this.#left = parts(starts, AT_ONCE).map((some) => ({ starts: some, key: newRequestKey() }));
  }

  async goOn(): Promise<void> {
    this.state.value = 'working';
    this.error.value = null;
    this.unknown.value = 0;
    for (let part = this.#left[0]; part; part = this.#left[0]) {
      try {
        // Each part is a request of its own: the next must not go out in the name of whoever logged in meanwhile.
        if (this.whose !== user.peek()?.id) throw new ApiError({ status: 401, reason: 'unauthorized' });
        const items = part.starts.map((starts_at) => ({ starts_at }));
        const { created, refused } = await api.post<BatchAnswer>('/schedules/batch', { ...this.#order, items }, { key: part.key });
        const before = this.answer.peek();
        this.answer.value = { created: [...before.created, ...created], refused: [...before.refused, ...refused] };
        this.#left.shift();
      } catch (error) {
        // What was refused as a whole was not done; the same key would only repeat the refusal.
        if (error instanceof ApiError && !error.unknown) part.key = newRequestKey();
        else this.unknown.value = part.starts.length;
        this.error.value = error;
        this.state.value = 'stopped';
        return;
      }
    }
    this.state.value = 'done';
  }
}

function parts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
