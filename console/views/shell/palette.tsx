// One field that finds everything: pages, classes, people.

import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { api } from '../../lib/api.ts';
import { whenText } from '../../lib/format.ts';
import { language, t, useLanguage } from '../../lib/i18n.ts';
import { go, link } from '../../lib/router.ts';
import { isStaff, session } from '../../lib/session.ts';
import { addDays } from '../../lib/time.ts';
import { today } from '../../lib/today.ts';
import type { Account, Page, Slot } from '../../lib/types.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { visiblePages } from './pages.ts';

interface Hit {
  group: 'pages' | 'classes' | 'people';
  text: string;
  more: string;
  run: () => void;
}

const HITS_MAX = 8;
const DAYS_AHEAD = 14;
const WAIT_MS = 180;

export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = useFound(typed.trim());
  const hits = [...pageHits(typed.trim(), onHelp), ...found];
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => setChosen(0), [typed]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const pick = (hit: Hit | undefined): void => {
    if (!hit) return;
    onClose();
    hit.run();
  };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length > 0) {
      event.preventDefault();
      setChosen((chosen + step + hits.length) % hits.length);
    } else if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      pick(hits[chosen]);
    }
  };
  return (
    <Dialog title={t('palette.title')} onClose={onClose} wide>
      <input
        class="input palette__input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={hits[chosen] && `${id}-${chosen}`}
        aria-label={t('palette.hint')}
        placeholder={t('palette.hint')}
        autofocus
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={move}
      />
      <ul class="palette" id={`${id}-list`} role="listbox" ref={list} aria-label={t('palette.title')}>
        {hits.map((hit, index) => (
          <li
            key={`${hit.group} ${hit.text} ${hit.more}`}
            class="palette__row"
            role="option"
            id={`${id}-${index}`}
            aria-selected={index === chosen}
            onClick={() => pick(hit)}
            onMouseMove={() => setChosen(index)}
          >
            <span class="ellipsis">{hit.text}</span>
            <span class="soft ellipsis">{hit.more}</span>
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {hits.length === 0 ? t('palette.nothing', { what: typed }) : t('palette.some', { n: hits.length })}
      </p>
    </Dialog>
  );
}

function pageHits(typed: string, onHelp: () => void): Hit[] {
  const hit = (text: string, run: () => void): Hit => ({ group: 'pages', text, more: t('palette.pages'), run });
  const all = [
    ...visiblePages().map((page) => hit(t(page.label), () => go(link(page.path)))),
    hit(t('nav.language'), () => useLanguage(language.peek() === 'zh' ? 'en' : 'zh')),
    hit(t('nav.keys'), onHelp),
    hit(t('nav.logout'), () => void session.logOut()),
  ];
  return all.filter(({ text }) => text.toLowerCase().includes(typed.toLowerCase()));
}

/** Classes and people, asked for once the typing rests. */
function useFound(typed: string): Hit[] {
  const [found, setFound] = useState<{ typed: string; hits: Hit[] }>({ typed: '', hits: [] });
  useEffect(() => {
    if (!typed) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const [classes, people] = await Promise.all([findClasses(typed, stop.signal), findPeople(typed, stop.signal)]);
      if (!stop.signal.aborted) setFound({ typed, hits: [...classes, ...people] });
    }, WAIT_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [typed]);
  // What an earlier word found is not what is meant by this one.
  return found.typed === typed ? found.hits : [];
}

/** A search that fails finds nothing; the next letter asks again. */
async function findClasses(q: string, signal: AbortSignal): Promise<Hit[]> {
  const query = { q, from: today.peek(), to: addDays(today.peek(), DAYS_AHEAD), page_size: HITS_MAX };
  const page = await api.get<Page<Slot>>('/schedules', query, signal).catch(() => null);
  return (page?.items ?? []).slice(0, HITS_MAX).map((slot) => ({
    group: 'classes',
    text: slot.course_name,
    more: [whenText(slot.starts_at), slot.teacher_name].filter(Boolean).join(' · '),
    run: () => go(link(['classes', slot.id])),
  }));
}

async function findPeople(query: string, signal: AbortSignal): Promise<Hit[]> {
  if (!isStaff.peek()) return [];
  const page = await api.get<Page<Account>>('/users', { query, page_size: HITS_MAX }, signal).catch(() => null);
  return (page?.items ?? []).map((account) => ({
    group: 'people',
    text: account.nickname,
    more: account.roles.map((role) => t(`role.${role}`)).join('、'),
    run: () => go(link(['people', account.id])),
  }));
}
