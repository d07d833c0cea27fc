// Queues: which are full, who waits, how many may.

import { t } from '../../lib/i18n.ts';
import { chosenTab, Tabs } from '../../ui/tabs.tsx';
import { QueuedClasses } from './classes.tsx';
import { Sizes } from './sizes.tsx';
import { WaitingPeople } from './waiting.tsx';

export function Waitlists() {
  const tabs = [
    { name: 'classes', label: t('waitlists.classes') },
    { name: 'people', label: t('waitlists.people') },
    { name: 'sizes', label: t('waitlists.sizes') },
  ];
  const tab = chosenTab(tabs);
  return (
    <div>
      <header class="page-head">
        <h1>{t('waitlists.title')}</h1>
      </header>
      <Tabs tabs={tabs} path={['waitlists']} />
      {tab === 'classes' && <QueuedClasses />}
      {tab === 'people' && <WaitingPeople />}
      {tab === 'sizes' && <Sizes />}
    </div>
  );
}
