// What can be done with a class: what each will bring about, in words, and how it is taken back.

import { api } from '../../lib/api.ts';
import { t } from '../../lib/i18n.ts';
import type { TextKey } from '../../lib/i18n.ts';
import { isStaff } from '../../lib/session.ts';
import type { Roster, Slot } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import { toast } from '../../ui/toast.tsx';
import { countOf } from './rosters.ts';

export interface Action {
  label: TextKey;
  danger?: boolean;
  run: () => void;
}

export interface Context {
  roster: Roster;
  /** The newest state, which may be newer than the roster's. */
  now: Slot;
  begun: boolean;
  changed: () => void;
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

function block(context: Context): void {
  const { roster, now, changed } = context;
  ask({
    title: t('ask.block'),
    follows: [
      t('ask.block.new'),
      t('ask.block.stay', { n: now.seats_taken }),
      ...(roster.rounds.length > 0 ? [t('ask.block.rounds', { n: roster.rounds.length })] : []),
      t('ask.undoable'),
    ],
    yes: t('do.block'),
    run: async (_, key) => {
      await api.post(path(now.id, 'block'), {}, { key });
      changed();
      toast(t('done.block'), { undo: (undoKey) => api.post(path(now.id, 'unblock'), {}, { key: undoKey }).then(changed) });
    },
  });
}

function unblock({ now, changed }: Context): void {
  const races = now.seats_left > 0 && now.waitlist.length > 0 && now.waitlist.open;
  ask({
    title: t('ask.unblock'),
    follows: [races ? t('ask.unblock.race', { free: now.seats_left, n: now.waitlist.length }) : t('ask.unblock.open'), t('ask.undoable')],
    yes: t('do.unblock'),
    run: async (_, key) => {
      await api.post(path(now.id, 'unblock'), {}, { key });
      changed();
      toast(t('done.unblock'), { undo: (undoKey) => api.post(path(now.id, 'block'), {}, { key: undoKey }).then(changed) });
    },
  });
}

function revoke({ roster, now, changed }: Context): void {
  const paid = countOf(roster, ({ payment_status }) => payment_status === 'paid');
  ask({
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
      toast(t('done.revoke'));
    },
  });
}

function complete({ roster, now, changed }: Context): void {
  const present = countOf(roster, ({ status }) => status === 'confirmed');
  ask({
    title: t('ask.complete'),
    follows: [
      present === null ? t('ask.complete.presents') : t('ask.complete.present', { n: present }),
      ...(now.waitlist.length > 0 ? [t('ask.complete.queue')] : []),
      t('ask.complete.later'),
      t('ask.final'),
    ],
    yes: t('do.complete'),
    run: async (_, key) => {
      await api.post(path(now.id, 'complete'), {}, { key });
      changed();
      toast(t('done.complete'));
    },
  });
}

function notify({ now, changed }: Context): void {
  ask({
    title: t('ask.notify'),
    follows: [t('ask.notify.told', { n: now.waitlist.length }), t('ask.notify.public')],
    yes: t('do.notify'),
    run: async (_, key) => {
      await api.post('/waitlist/notify', { schedule_id: now.id }, { key });
      changed();
      toast(t('done.notify'));
    },
  });
}

function changeCapacity({ now, changed }: Context): void {
  const inUse = now.seats_taken + now.seats_held + now.seats_offered;
  const before = now.capacity;
  const set = (capacity: number, key: string): Promise<void> =>
    api.patch(`/schedules/${encodeURIComponent(now.id)}`, { capacity }, { key }).then(changed);
  ask({
    title: t('ask.capacity'),
    follows: now.waitlist.length > 0 && now.waitlist.open ? [t('ask.capacity.race', { n: now.waitlist.length })] : [],
    yes: t('save'),
    fields: [
      {
        name: 'capacity',
        label: t('ask.capacity.field'),
        type: 'number',
        initial: String(before),
        hint: t('ask.capacity.use', { n: inUse }),
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
      toast(t('done.capacity', { n: Number(capacity) }), { undo: (undoKey) => set(before, undoKey) });
    },
  });
}
