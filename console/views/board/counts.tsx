import { useComputed } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';

import { count } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { Slot } from '../../lib/types.ts';
import { Changed } from '../../ui/changed.tsx';
import { counts } from './filter.ts';

/** What the day or week comes to, in a line. */
export function Counts({ slots }: { slots: ReadonlySignal<readonly Slot[]> }) {
  const all = useComputed(() => JSON.stringify(counts(slots.value)));
  const { classes, seats, taken, free, full, waiting, rounds } = JSON.parse(all.value) as ReturnType<typeof counts>;
  const items = [
    { name: t('count.classes'), value: count(classes) },
    { name: t('count.taken'), value: `${count(taken)} / ${count(seats)}` },
    { name: t('count.free'), value: count(free) },
    { name: t('count.full'), value: count(full) },
    { name: t('count.waiting'), value: count(waiting) },
    { name: t('count.rounds'), value: count(rounds), hot: rounds > 0 },
  ];
  return (
    <dl class="counts">
      {items.map(({ name, value, hot }) => (
        <div key={name} class={`counts__one${hot ? ' hot' : ''}`}>
          <dt>{name}</dt>
          <dd>
            <Changed value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
