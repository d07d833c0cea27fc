// What was sent in WeChat, what became of it, and sending it again.

import { t } from '../../lib/i18n.ts';
import { chosenTab, Tabs } from '../../ui/tabs.tsx';
import { Log } from './log.tsx';
import { Rates } from './rates.tsx';

export function Notifications() {
  const tabs = [
    { name: 'log', label: t('notes.log') },
    { name: 'rates', label: t('notes.rates') },
  ];
  return (
    <div>
      <header class="page-head">
        <h1>{t('notes.title')}</h1>
      </header>
      <Tabs tabs={tabs} path={['notifications']} />
      {chosenTab(tabs) === 'rates' ? <Rates /> : <Log />}
    </div>
  );
}
