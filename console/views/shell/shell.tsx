// The frame around every page: navigation, the state of the connection, shortcuts.

import { useEffect, useRef, useState } from 'preact/hooks';

import { useShortcuts } from '../../lib/keys.ts';
import { go, link, place } from '../../lib/router.ts';
import { t } from '../../lib/i18n.ts';
import { HelpSheet } from './help.tsx';
import { LinkBar } from './linkbar.tsx';
import { Nav } from './nav.tsx';
import { View } from './view.tsx';
import { visiblePages } from './pages.ts';
import { Palette } from './palette.tsx';

type Over = 'palette' | 'help' | null;

export function Shell() {
  const [over, setOver] = useState<Over>(null);
  const content = useRef<HTMLElement>(null);
  const { path } = place.value;
  const page = path.slice(0, 2).join('/');
  const opened = useRef(page);
  const open = (what: Over) => () => setOver(what);
  useShortcuts([
    { keys: 'mod+k', label: 'keys.find', run: open('palette') },
    { keys: '/', label: 'keys.find', run: open('palette') },
    { keys: '?', label: 'keys.help', run: open('help') },
    ...visiblePages().map((one) => ({ keys: `g ${one.key}`, label: one.keyLabel, run: () => go(link(one.path)) })),
  ]);
  useEffect(() => {
    if (opened.current === page) return;
    opened.current = page;
    // Another page begins at its top, and screen readers begin there too.
    scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [page]);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          content.current?.focus();
        }}
      >
        {t('nav.skip')}
      </a>
      <Nav current={path[0] ?? ''} onFind={open('palette')} onHelp={open('help')} />
      <div class="shell__main">
        <LinkBar />
        <main class="content" ref={content} tabIndex={-1}>
          <View />
        </main>
      </div>
      {over === 'palette' && <Palette onClose={open(null)} onHelp={open('help')} />}
      {over === 'help' && <HelpSheet onClose={open(null)} />}
    </div>
  );
}
