// What a class is, how full it is, and what can be done with it.

import { spanText, whenText, yuan } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { useHasCome } from '../../lib/phase.ts';
import { wallTime } from '../../lib/time.ts';
import type { Slot } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Changed } from '../../ui/changed.tsx';
import { SeatBar } from '../../ui/seats.tsx';
import { State } from '../board/card.tsx';
import { classActions } from './actions.ts';
import type { Context } from './actions.ts';
import { exportRoster } from './export.ts';

interface Props {
  context: Context;
  slot: Slot;
  onBook: (() => void) | null;
  onEdit: () => void;
}

export function ClassHead({ context, slot, onBook, onEdit }: Props) {
  const closed = useHasCome(slot.cutoff_at);
  const over = slot.availability === 'completed' || slot.availability === 'revoked';
  const facts = [
    slot.teacher_name ?? t('card.no_teacher'),
    slot.location,
    slot.final_price_fen > 0 ? t('class.price', { price: yuan(slot.final_price_fen) }) : '',
    closed ? t('class.cutoff.past', { time: wallTime(slot.cutoff_at) }) : t('class.cutoff', { time: whenText(slot.cutoff_at) }),
  ];
  const numbers = [
    { name: t('class.taken'), value: `${slot.seats_taken}/${slot.capacity}` },
    { name: t('class.held'), value: slot.seats_held },
    { name: t('class.offered'), value: slot.seats_offered },
    { name: t('class.free'), value: slot.seats_left },
    { name: t('class.queue'), value: `${slot.waitlist.length}/${slot.waitlist.capacity}` },
  ];
  return (
    <header class="class__head">
      <div class="class__title">
        <h1>{slot.course_name}</h1>
        <State slot={slot} />
      </div>
      <p class="class__when">{spanText(slot.starts_at, slot.ends_at)}</p>
      <p class="soft class__facts">{facts.filter(Boolean).join(' · ')}</p>
      <div class="counts class__numbers">
        <dl class="class__counts">
          {numbers.map(({ name, value }) => (
            <div key={name} class="counts__one">
              <dt>{name}</dt>
              <dd>
                <Changed value={value} />
              </dd>
            </div>
          ))}
        </dl>
        <SeatBar slot={slot} />
      </div>
      <div class="class__actions" role="group" aria-label={t('class.actions')}>
        {onBook && (
          <Button kind="main" onClick={onBook}>
            {t('do.book')}
          </Button>
        )}
        {!over && <Button onClick={onEdit}>{t('do.edit')}</Button>}
        {classActions(context).map(({ label, danger, run }) => (
          <Button key={label} kind={danger ? 'warn' : 'plain'} onClick={run}>
            {t(label)}
          </Button>
        ))}
        <Button onClick={() => print()}>{t('do.print')}</Button>
        <Button onClick={() => exportRoster(context.roster)}>{t('do.export')}</Button>
      </div>
    </header>
  );
}
