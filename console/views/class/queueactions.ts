// What can be done with somebody in line.

import { api } from '../../lib/api.ts';
import { t } from '../../lib/i18n.ts';
import type { TextKey } from '../../lib/i18n.ts';
import { isStaff } from '../../lib/session.ts';
import type { QueueEntry } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import type { Asked } from '../../ui/ask.tsx';
import { newest, tell } from './actions.ts';
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

/**
 * Asks about a place in line as it is by now. When the action `label` is not offered any more, or the offer is
 * another one than it was about, the question is over.
 */
function askOf(entry: QueueEntry, context: Context, label: TextKey, what: (entry: QueueEntry, context: Context) => Asked): void {
  ask(() => {
    const latest = newest(context);
    const known = latest.roster.queue.find(({ waitlist_id }) => waitlist_id === entry.waitlist_id);
    const isOffered = known !== undefined && queueActions(known, latest).some((action) => action.label === label);
    const isOther = label === 'do.withdraw' && known?.offer?.id !== entry.offer?.id;
    return { ...what(known ?? entry, latest), isOver: isOther || (known ? !isOffered : latest.roster.complete) };
  });
}

function promote(asked: QueueEntry, context: Context): void {
  askOf(asked, context, 'do.promote', ({ nickname: name, position, student_id: profile_id }, latest) => {
    const { now, changed } = latest;
    return {
      title: t('ask.promote', { name }),
      follows: [
        t('ask.promote.text', { name }),
        ...(position > 1 ? [t('ask.promote.ahead', { n: position - 1 })] : []),
        ...(position < now.waitlist.length ? [t('ask.promote.others')] : []),
      ],
      yes: t('do.promote'),
      run: async (_, key) => {
        await api.post('/bookings', { schedule_id: now.id, profile_id }, { key });
        changed();
        tell(latest, t(now.final_price_fen > 0 ? 'done.promote.fee' : 'done.promote', { name }));
      },
    };
  });
}

function withdraw(asked: QueueEntry, context: Context): void {
  askOf(asked, context, 'do.withdraw', ({ nickname: name }, latest) => ({
    title: t('ask.withdraw', { name }),
    follows: [t('ask.withdraw.text', { name }), t('ask.withdraw.next'), t('ask.final')],
    yes: t('do.withdraw'),
    danger: true,
    run: async (_, key) => {
      // The offer is named: another one, sent meanwhile, must not be taken back by this.
      await api.post('/waitlist/withdraw', { schedule_id: latest.now.id, offer_id: asked.offer?.id }, { key });
      latest.changed();
      tell(latest, t('done.withdraw', { name }));
    },
  }));
}

function remove(asked: QueueEntry, context: Context): void {
  askOf(asked, context, 'do.remove', ({ nickname: name, waitlist_id }, latest) => ({
    title: t('ask.remove', { name }),
    follows: [t('ask.remove.text'), t('ask.final')],
    yes: t('ask.remove.yes'),
    danger: true,
    run: async (_, key) => {
      await api.delete(`/waitlist/${encodeURIComponent(waitlist_id)}`, { key });
      latest.changed();
      tell(latest, t('done.remove', { name }));
    },
  }));
}
