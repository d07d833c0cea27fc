// A side bar where there is room, a bar at the bottom where there is not.

import { useState } from 'preact/hooks';

import { language, t, useLanguage } from '../../lib/i18n.ts';
import { link } from '../../lib/router.ts';
import { session, user } from '../../lib/session.ts';
import { theme, THEMES, useTheme } from '../../lib/theme.ts';
import { Dialog } from '../../ui/dialog.tsx';
import icon from '../../icon.svg';
import { Icon } from '../../ui/icon.tsx';
import { LinkDot } from './linkbar.tsx';
import { visiblePages } from './pages.ts';
import type { PageEntry } from './pages.ts';

interface Props {
  current: string;
  onFind: () => void;
  onHelp: () => void;
}

/** So many fit at the bottom of a phone, beside "more". */
const AT_BOTTOM = 3;

export function Nav({ current, onFind, onHelp }: Props) {
  const [more, setMore] = useState(false);
  const pages = visiblePages();
  const item = (page: PageEntry, more: { onClick?: () => void; short?: boolean } = {}) => (
    <NavItem key={page.label} page={page} current={current} {...more} />
  );
  return (
    <>
      <nav class="side" aria-label={t('nav.label')}>
        <p class="brand">
          <img src={icon} alt="" width="28" height="28" />
          <span class="brand__name">约课</span>
          <LinkDot />
        </p>
        <button type="button" class="side__find" onClick={onFind}>
          <Icon name="find" />
          <span>{t('nav.find')}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <ul class="side__list">
          {pages.map((page) => (
            <li key={page.label}>{item(page)}</li>
          ))}
        </ul>
        <Preferences onHelp={onHelp} />
      </nav>
      <nav class="bottom" aria-label={t('nav.label')}>
        {pages.slice(0, AT_BOTTOM).map((page) => item(page, { short: true }))}
        <button type="button" class="nav-item" onClick={onFind}>
          <Icon name="find" />
          <span>{t('nav.find')}</span>
        </button>
        <button type="button" class="nav-item" onClick={() => setMore(true)} aria-haspopup="dialog">
          <Icon name="more" />
          <span>{t('nav.more')}</span>
        </button>
      </nav>
      {more && (
        <Dialog title={t('nav.more')} onClose={() => setMore(false)}>
          <div class="more">
            {pages.slice(AT_BOTTOM).map((page) => item(page, { onClick: () => setMore(false) }))}
            <Preferences onHelp={onHelp} />
          </div>
        </Dialog>
      )}
    </>
  );
}

interface ItemProps {
  page: PageEntry;
  current: string;
  onClick?: () => void;
  short?: boolean;
}

function NavItem({ page, current, onClick, short }: ItemProps) {
  const isHere = page.path[0] === current || (page.path[0] === 'board' && current === 'classes');
  return (
    <a class="nav-item" href={link(page.path)} aria-current={isHere ? 'page' : undefined} onClick={onClick}>
      <Icon name={page.icon} />
      <span>{t((short && page.short) || page.label)}</span>
    </a>
  );
}

function Preferences({ onHelp }: { onHelp: () => void }) {
  const who = user.value;
  return (
    <div class="prefs">
      <p class="prefs__who">
        <strong class="ellipsis" title={who?.nickname}>
          {who?.nickname}
        </strong>
        <span class="soft">{who?.roles.map((role) => t(`role.${role}`)).join('、')}</span>
      </p>
      <label class="prefs__row">
        <span>{t('nav.theme')}</span>
        <select
          class="input input--small"
          value={theme.value}
          onChange={(event) => useTheme(THEMES.find((name) => name === event.currentTarget.value) ?? 'auto')}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {t(`theme.${name}`)}
            </option>
          ))}
        </select>
      </label>
      <div class="prefs__buttons">
        <button
          type="button"
          class="button button--quiet button--small"
          onClick={() => useLanguage(language.peek() === 'zh' ? 'en' : 'zh')}
        >
          {t('nav.language')}
        </button>
        <button type="button" class="button button--quiet button--small prefs__keys" onClick={onHelp}>
          {t('nav.keys')}
        </button>
        <button type="button" class="button button--quiet button--small" onClick={() => void session.logOut()}>
          {t('nav.logout')}
        </button>
      </div>
    </div>
  );
}
