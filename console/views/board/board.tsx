// The live board: all classes of a day or a week, as they are this moment.

import { useComputed, useSignal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

import { now } from '../../lib/clock.ts';
import { dateText, dayText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { useShortcuts } from '../../lib/keys.ts';
import { link, place } from '../../lib/router.ts';
import { schedules } from '../../lib/schedules.ts';
import { addDays, isDate, mondayOf } from '../../lib/time.ts';
import { today } from '../../lib/today.ts';
import { told } from '../../lib/told.ts';
import type { Slot } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorState, Skeleton } from '../../ui/feedback.tsx';
import { keepOneStop, moveStop, onArrow } from './arrows.ts';
import { Card } from './card.tsx';
import { useClasses } from './classes.ts';
import { Counts } from './counts.tsx';
import { clearFilters, filterOf, fits, grouped } from './filter.ts';
import type { BoardView, Filter } from './filter.ts';
import { Toolbar } from './toolbar.tsx';
import { Watcher } from './watcher.ts';

export function Board() {
  const { query } = place.value;
  const date = isDate(query.get('date')) ? String(query.get('date')) : today.value;
  const view: BoardView = query.get('view') === 'week' ? 'week' : 'day';
  const from = view === 'week' ? mondayOf(date) : date;
  const to = view === 'week' ? addDays(from, 6) : date;
  const { ids, progress, error, reload } = useClasses(from, to);
  const all = useComputed(() => ids.value.flatMap((id) => schedules.get(id) ?? []));
  const slots = useComputed(() => all.value.map((one) => one.value));
  const nothingYet = ids.value.length === 0;
  return (
    <div class="board">
      <h1 class="sr-only">{t('board.title')}</h1>
      <Toolbar date={date} view={view} slots={slots} />
      <Counts key={`${from} ${to} ${progress === null}`} slots={slots} />
      {error !== null && !nothingYet && <p class="notice notice--bad">{t('board.stale', { why: told(error) })}</p>}
      {nothingYet && error !== null ? (
        <ErrorState error={error} retry={reload} />
      ) : nothingYet && progress ? (
        <Skeleton rows={8} tall />
      ) : nothingYet ? (
        <Empty title={view === 'week' ? t('board.empty.week') : t('board.empty.day', { day: dayText(date) })}>
          <p>{t('board.empty.text')}</p>
          <a class="button" href={link(['schedule', 'new'], { date })}>
            {t('board.empty.plan')}
          </a>
        </Empty>
      ) : (
        <Cards ids={ids} slots={slots} filter={filterOf(query)} view={view} from={from} />
      )}
      {progress && !nothingYet && <p class="hint">{t('board.more', { n: progress.read, total: progress.total })}</p>}
    </div>
  );
}

interface CardsProps {
  ids: ReadonlySignal<readonly string[]>;
  slots: ReadonlySignal<readonly Slot[]>;
  filter: Filter;
  view: BoardView;
  from: string;
}

/** Which cards there are, and in which group; drawn again only when that changes. */
function Cards({ ids: listed, slots, filter, view, from }: CardsProps) {
  const [watcher] = useState(() => new Watcher());
  const list = useRef<HTMLDivElement>(null);
  const wanted = useSignal(filter);
  if (JSON.stringify(wanted.peek()) !== JSON.stringify(filter)) wanted.value = filter;
  // A text, so that it equals the one before unless cards come, go or change their group.
  const layout = useComputed(() => {
    const shown = slots.value.filter((slot) => fits(slot, wanted.value));
    const ended = (slot: Slot): boolean => view === 'day' && Date.parse(slot.ends_at) <= now.value;
    const groups = grouped(
      shown.filter((slot) => !ended(slot)),
      view === 'week' ? 'date' : 'hour',
    );
    return JSON.stringify({
      groups: groups.map((group) => [group.name, group.slots.map((slot) => slot.id)]),
      ended: shown.filter(ended).map((slot) => slot.id),
    });
  });
  const { groups, ended } = JSON.parse(layout.value) as { groups: [string, string[]][]; ended: string[] };
  useEffect(() => () => watcher.stop(), [watcher]);
  useEffect(() => watcher.follow(listed.value), [watcher, listed.value]);
  useShortcuts([{ keys: 'j', label: 'keys.arrows', run: () => list.current?.querySelector<HTMLElement>('.card[tabindex="0"]')?.focus() }]);
  useEffect(() => {
    if (list.current) keepOneStop(list.current);
  }, [layout.value]);
  if (groups.length === 0 && ended.length === 0) return <Nothing hidden={slots.peek().length} />;
  const byName = new Map(groups);
  const names = view === 'week' ? Array.from({ length: 7 }, (_, day) => addDays(from, day)) : groups.map(([name]) => name);
  const cards = (ids: readonly string[]) => ids.map((id) => <Card key={id} id={id} watcher={watcher} />);
  return (
    <div
      class={`groups groups--${view}`}
      ref={list}
      onKeyDown={(event) => onArrow(event.currentTarget, event)}
      onFocusIn={(event) => event.target instanceof Element && event.target.matches('.card') && moveStop(event.currentTarget, event.target)}
    >
      {names.map((name) => (
        <section class="group" key={name} data-today={name === today.value ? '' : undefined}>
          <h2 class="group__name">{view === 'week' ? dateText(name) : `${name}:00`}</h2>
          <ul class="cards">{cards(byName.get(name) ?? [])}</ul>
        </section>
      ))}
      {ended.length > 0 && (
        <details class="group group--ended" open={groups.length === 0}>
          <summary class="group__name">{t('board.ended', { n: ended.length })}</summary>
          <ul class="cards">{cards(ended)}</ul>
        </details>
      )}
    </div>
  );
}

function Nothing({ hidden }: { hidden: number }) {
  return (
    <Empty title={t('board.nothing')}>
      <p>{t('board.nothing.text', { n: hidden })}</p>
      <Button onClick={clearFilters}>{t('board.clear')}</Button>
    </Empty>
  );
}
