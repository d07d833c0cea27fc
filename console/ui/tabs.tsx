import { link, place } from '../lib/router.ts';

export interface Tab {
  name: string;
  label: string;
}

/** Which tab the address names; the first where it names none. */
export function chosenTab(tabs: readonly Tab[]): string {
  const asked = place.value.query.get('tab');
  return tabs.find(({ name }) => name === asked)?.name ?? tabs[0]?.name ?? '';
}

/** Parts of a page, each with an address. */
export function Tabs({ tabs, path }: { tabs: readonly Tab[]; path: readonly string[] }) {
  const chosen = chosenTab(tabs);
  return (
    <nav class="tabs">
      {tabs.map(({ name, label }, index) => (
        <a key={name} class="tab" href={link(path, index === 0 ? {} : { tab: name })} aria-current={name === chosen ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}
