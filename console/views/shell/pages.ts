// The pages of the console, who may see them, and how they are found.

import type { TextKey } from '../../lib/i18n.ts';
import { isStaff } from '../../lib/session.ts';

export interface PageEntry {
  path: string[];
  label: TextKey;
  short?: TextKey;
  icon: string;
  /** After `g`. */
  key: string;
  keyLabel: TextKey;
  staff?: boolean;
}

const PAGES: readonly PageEntry[] = [
  { path: ['board'], label: 'nav.board', short: 'nav.board.short', icon: 'board', key: 'b', keyLabel: 'keys.board' },
  { path: ['courses'], label: 'nav.courses', icon: 'courses', key: 'c', keyLabel: 'keys.courses' },
  { path: ['schedule', 'new'], label: 'nav.plan', icon: 'plan', key: 's', keyLabel: 'keys.plan' },
  { path: ['waitlists'], label: 'nav.waitlists', icon: 'waitlists', key: 'w', keyLabel: 'keys.waitlists', staff: true },
  { path: ['notifications'], label: 'nav.notifications', icon: 'notifications', key: 'n', keyLabel: 'keys.notifications', staff: true },
  { path: ['people'], label: 'nav.people', icon: 'people', key: 'p', keyLabel: 'keys.people', staff: true },
  { path: ['health'], label: 'nav.health', icon: 'health', key: 'h', keyLabel: 'keys.health', staff: true },
];

export function visiblePages(): readonly PageEntry[] {
  return PAGES.filter((page) => !page.staff || isStaff.value);
}
