// Which day, which classes.

import { useComputed } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useRef } from 'preact/hooks';

import { dateText, dayText, monthDayText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { useShortcuts } from '../../lib/keys.ts';
import { place, refine } from '../../lib/router.ts';
import { isStaff } from '../../lib/session.ts';
import { addDays, isDate, mondayOf } from '../../lib/time.ts';
import { today } from '../../lib/today.ts';
import type { Slot } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Choose } from '../../ui/choose.tsx';
import { Icon } from '../../ui/icon.tsx';
import { clearFilters, filterOf, isEmpty } from './filter.ts';
import type { BoardView } from './filter.ts';

interface Props {
  date: string;
  view: BoardView;
  slots: ReadonlySignal<readonly Slot[]>;
}

export function Toolbar({ date, view, slots }: Props) {
  const search = useRef<HTMLInputElement>(null);
  const step = view === 'week' ? 7 : 1;
  const show = (day: string): void => refine({ date: day === today.peek() ? null : day });
  const turn = (): void => refine({ view: view === 'week' ? null : 'week' });
  useShortcuts([
    { keys: '[', label: 'keys.before', run: () => show(addDays(date, -step)) },
    { keys: ']', label: 'keys.next', run: () => show(addDays(date, step)) },
    { keys: 't', label: 'keys.today', run: () => show(today.peek()) },
    { keys: 'v', label: 'keys.view', run: turn },
    { keys: 'f', label: 'keys.search', run: () => search.current?.focus() },
  ]);
  const monday = mondayOf(date);
  const title =
    view === 'week'
      ? `${monthDayText(monday)} – ${monthDayText(addDays(monday, 6))}`
      : `${dayText(date)}${dayText(date) === dateText(date) ? '' : ` · ${dateText(date)}`}`;
  return (
    <header class="toolbar">
      <div class="toolbar__days">
        <div class="toolbar__turn">
          <button type="button" class="icon-button" aria-label={t('board.before')} onClick={() => show(addDays(date, -step))}>
            <Icon name="left" />
          </button>
          <p class="toolbar__title" aria-live="polite">
            {title}
          </p>
          <button type="button" class="icon-button" aria-label={t('board.next')} onClick={() => show(addDays(date, step))}>
            <Icon name="right" />
          </button>
        </div>
        <input
          class="input input--small"
          type="date"
          aria-label={t('board.date')}
          value={date}
          onChange={(event) => isDate(event.currentTarget.value) && show(event.currentTarget.value)}
        />
        <Button small disabled={date === today.value} onClick={() => show(today.peek())}>
          {t('board.today')}
        </Button>
        <div class="segments" role="group" aria-label={t('board.view')}>
          <Button small pressed={view === 'day'} onClick={() => refine({ view: null })}>
            {t('board.day')}
          </Button>
          <Button small pressed={view === 'week'} onClick={() => refine({ view: 'week' })}>
            {t('board.week')}
          </Button>
        </div>
      </div>
      <Filters slots={slots} search={search} />
    </header>
  );
}

function Filters({ slots, search }: { slots: Props['slots']; search: { current: HTMLInputElement | null } }) {
  const filter = filterOf(place.value.query);
  const choices = useComputed(() => JSON.stringify([choicesOf(slots.value, 'teacher'), choicesOf(slots.value, 'course')]));
  const [teachers, courses] = JSON.parse(choices.value) as [[string, string][], [string, string][]];
  return (
    <div class="toolbar__filters" role="search" aria-label={t('board.filters')}>
      <input
        class="input input--small"
        type="search"
        ref={search}
        aria-label={t('board.search')}
        placeholder={t('board.search')}
        value={filter.q}
        onInput={(event) => refine({ q: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      {isStaff.value && (
        <Choose
          label={t('board.teacher')}
          all={t('board.teachers')}
          value={filter.teacher}
          choices={teachers}
          onChoose={(teacher) => refine({ teacher })}
        />
      )}
      <Choose
        label={t('board.course')}
        all={t('board.courses')}
        value={filter.course}
        choices={courses}
        onChoose={(course) => refine({ course })}
      />
      <Button small pressed={filter.full} onClick={() => refine({ full: filter.full ? null : '1' })}>
        {t('board.full')}
      </Button>
      <Button small pressed={filter.running} onClick={() => refine({ running: filter.running ? null : '1' })}>
        {t('board.running')}
      </Button>
      {!isEmpty(filter) && (
        <Button small kind="quiet" onClick={clearFilters}>
          {t('board.clear')}
        </Button>
      )}
    </div>
  );
}

/** Ids and names that the classes shown have, by name. */
function choicesOf(slots: readonly Slot[], of: 'teacher' | 'course'): [string, string][] {
  const names = new Map(
    slots.map((slot) => (of === 'teacher' ? [slot.teacher_id ?? '', slot.teacher_name ?? ''] : [slot.course_id, slot.course_name])),
  );
  names.delete('');
  return [...names].sort((a, b) => a[1].localeCompare(b[1], 'zh'));
}
