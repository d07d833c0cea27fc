// What can be done with somebody in line.

import { api } from '../../lib/api.ts';
import { t } from '../../lib/i18n.ts';
import { isStaff } from '../../lib/session.ts';
import type { QueueEntry } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import { toast } from '../../ui/toast.tsx';
import type { Action, Context } from './actions.ts';

export function queueActions(entry: QueueEntry, context: Context): Action[] {
  if (!isStaff.value) return [];
  const bookable = context.now.seats_left > 0 && !context.begun && context.now.availability === 'available';
  return [
    ...(bookable ? [{ label: 'do.promote', run: () => promote(entry, context) } as const] : []),
    ...(entry.offer ? [{ label: 'do.withdraw', run: () => withdraw(entry, context) } as const] : []),
    { label: 'do.remove', danger: true, run: () => remove(entry, context) },
  ];
}

function promote(entry: QueueEntry, { now, changed }: Context): void {
  const { nickname: name, position } = entry;
  ask({
    title: t('ask.promote', { name }),
    follows: [
      t('ask.promote.text', { name }),
      ...(position > 1 ? [t('ask.promote.ahead', { n: position - 1 })] : []),
      ...(position < now.waitlist.length ? [t('ask.promote.others')] : []),
    ],
    yes: t('do.promote'),
    run: async (_, key) => {
      await api.post('/bookings', { schedule_id: now.id, profile_id: entry.student_id }, { key });
      changed();
      toast(t(now.final_price_fen > 0 ? 'done.promote.fee' : 'done.promote', { name }));
    },
  });
}

function withdraw(entry: QueueEntry, { now, changed }: Context): void {
  const { nickname: name, offer } = entry;
  ask({
    title: t('ask.withdraw', { name }),
    follows: [t('ask.withdraw.text', { name }), t('ask.withdraw.next'), t('ask.final')],
    yes: t('do.withdraw'),
    danger: true,
    run: async (_, key) => {
      // The offer is named: another one, sent meanwhile, must not be taken back by this.
      await api.post('/waitlist/withdraw', { schedule_id: now.id, offer_id: offer?.id }, { key });
      changed();
      toast(t('done.withdraw', { name }));
    },
  });
}

function remove(entry: QueueEntry, { changed }: Context): void {
  const { nickname: name } = entry;
  ask({
    title: t('ask.remove', { name }),
    follows: [t('ask.remove.text'), t('ask.final')],
    yes: t('ask.remove.yes'),
    danger: true,
    run: async (_, key) => {
      await api.delete(`/waitlist/${encodeURIComponent(entry.waitlist_id)}`, { key });
      changed();
      toast(t('done.remove', { name }));
    },
  });
}
