// What can be done with a class: what each will bring about, in words, and how it is taken back.

import { api } from '../../lib/api.ts';
import { whenText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { TextKey } from '../../lib/i18n.ts';
import { isStaff } from '../../lib/session.ts';
import type { Roster, Slot } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import type { Asked } from '../../ui/ask.tsx';
import { toast } from '../../ui/toast.tsx';
import type { More } from '../../ui/toast.tsx';
import { countOf } from './rosters.ts';

export interface Action {
  label: TextKey;
  danger?: boolean;
  run: () => void;
}

/** What is known of a class. */
export interface Known {
  roster: Roster;
  /** The newest state, which may be newer than the roster's. */
  now: Slot;
  begun: boolean;
}

export interface Context extends Known {
  /** What is known by now: a question that is open follows it. */
  latest: () => Known;
  changed: () => void;
}

export const newest = (context: Context): Context => ({ ...context, ...context.latest() });

/** News of a class name it: they are still there when the page of another one is open. */
export function tell({ now }: Context, text: string, more: More = {}): void {
  toast(text, { about: `${now.course_name} · ${whenText(now.starts_at)}`, ...more });
}

export const CAPACITY_MAX = 1_000_000;

const path = (id: string, what: string): string => `/schedules/${encodeURIComponent(id)}/${what}`;

export function classActions(context: Context): Action[] {
  const { now, begun } = context;
  const { availability, waitlist, seats_left } = now;
  const over = availability === 'completed' || availability === 'revoked';
  if (over) return [];
  const blocked = availability === 'blocked';
  return [
    ...(isStaff.value && !blocked && !begun && waitlist.open && seats_left > 0 && waitlist.length > 0
      ? [{ label: 'do.notify', run: () => notify(context) } as const]
      : []),
    { label: 'do.capacity', run: () => changeCapacity(context) },
    blocked ? { label: 'do.unblock', run: () => unblock(context) } : { label: 'do.block', run: () => block(context) },
    ...(begun ? [{ label: 'do.complete', run: () => complete(context) } as const] : []),
    { label: 'do.revoke', danger: true, run: () => revoke(context) },
  ];
}

/** Asks about a class as it is by now; when the action `label` is not offered any more, the question is over. */
function askOf(context: Context, label: TextKey, what: (context: Context) => Asked): void {
  ask(() => {
    const latest = newest(context);
    return { ...what(latest), isOver: !classActions(latest).some((action) => action.label === label) };
  });
}

function block(context: Context): void {
  askOf(context, 'do.block', (latest) => ({
    title: t('ask.block'),
    follows: [
      t('ask.block.new'),
      t('ask.block.stay', { n: latest.now.seats_taken }),
      ...(latest.now.rounds.length > 0 ? [t('ask.block.rounds', { n: latest.now.rounds.length })] : []),
      t('ask.undoable'),
    ],
    yes: t('do.block'),
    run: (_, key) => turn(latest, { to: 'block', back: 'unblock' }, t('done.block'), key),
  }));
}

function unblock(context: Context): void {
  askOf(context, 'do.unblock', (latest) => {
    const { seats_left: free, waitlist } = latest.now;
    const races = free > 0 && waitlist.length > 0 && waitlist.open;
    return {
      title: t('ask.unblock'),
      follows: [races ? t('ask.unblock.race', { free, n: waitlist.length }) : t('ask.unblock.open'), t('ask.undoable')],
      yes: t('do.unblock'),
      run: (_, key) => turn(latest, { to: 'unblock', back: 'block' }, t('done.unblock'), key),
    };
  });
}

async function turn(context: Context, { to, back }: { to: string; back: string }, done: string, key: string): Promise<void> {
  const { now, changed } = context;
  await api.post(path(now.id, to), {}, { key });
  changed();
  tell(context, done, { undo: (undoKey) => api.post(path(now.id, back), {}, { key: undoKey }).then(changed) });
}

function revoke(context: Context): void {
  askOf(context, 'do.revoke', (latest) => {
    const { roster, now, changed } = latest;
    const paid = countOf(roster, ({ payment_status }) => payment_status === 'paid');
    return {
      title: t('ask.revoke'),
      follows: [
        t('ask.revoke.booked', { n: now.seats_taken }),
        ...(paid === null ? [t('ask.revoke.refunds')] : paid > 0 ? [t('ask.revoke.refund', { n: paid })] : []),
        ...(now.waitlist.length > 0 ? [t('ask.revoke.queue', { n: now.waitlist.length })] : []),
        t('ask.final'),
      ],
      yes: t('do.revoke'),
      danger: true,
      fields: [{ name: 'reason', label: t('ask.reason'), maxLength: 200 }],
      run: async ({ reason }, key) => {
        await api.post(path(now.id, 'revoke'), reason ? { reason } : {}, { key });
        changed();
        tell(latest, t('done.revoke'));
      },
    };
  });
}

function complete(context: Context): void {
  askOf(context, 'do.complete', (latest) => {
    const { roster, now, changed } = latest;
    const present = countOf(roster, ({ status }) => status === 'confirmed');
    return {
      title: t('ask.complete'),
      follows: [
        ...(present === null ? [t('ask.complete.presents')] : present > 0 ? [t('ask.complete.present', { n: present })] : []),
        ...(now.waitlist.length > 0 ? [t('ask.complete.queue')] : []),
        t('ask.complete.later'),
        t('ask.final'),
      ],
      yes: t('do.complete'),
      run: async (_, key) => {
        await api.post(path(now.id, 'complete'), {}, { key });
        changed();
        tell(latest, t('done.complete'));
      },
    };
  });
}

function notify(context: Context): void {
  askOf(context, 'do.notify', (latest) => ({
    title: t('ask.notify'),
    follows: [t('ask.notify.told', { n: latest.now.waitlist.length }), t('ask.notify.public')],
    yes: t('do.notify'),
    run: async (_, key) => {
      await api.post('/waitlist/notify', { schedule_id: latest.now.id }, { key });
      latest.changed();
      tell(latest, t('done.notify'));
    },
  }));
}

function changeCapacity(context: Context): void {
  askOf(context, 'do.capacity', (latest) => {
    const { now, changed } = latest;
    const { waitlist, capacity: before } = now;
    const inUse = now.seats_taken + now.seats_held + now.seats_offered;
    const set = (capacity: number, key: string): Promise<void> =>
      api.patch(`/schedules/${encodeURIComponent(now.id)}`, { capacity }, { key }).then(changed);
    return {
      title: t('ask.capacity'),
      follows: [
        t('ask.capacity.use', { n: inUse, capacity: before }),
        ...(waitlist.length > 0 && waitlist.open ? [t('ask.capacity.race', { n: waitlist.length })] : []),
      ],
      yes: t('save'),
      fields: [
        {
          name: 'capacity',
          label: t('ask.capacity.field'),
          type: 'number',
          initial: String(before),
          refusal: 'capacity_in_use',
          check: (value) => {
            if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > CAPACITY_MAX)
              return t('wrong.number', { min: 1, max: CAPACITY_MAX });
            return Number(value) < inUse ? t('ask.capacity.low', { n: inUse }) : undefined;
          },
        },
      ],
      run: async ({ capacity }, key) => {
        await set(Number(capacity), key);
        tell(latest, t('done.capacity', { n: Number(capacity) }), { undo: (undoKey) => set(before, undoKey) });
      },
    };
  });
}
