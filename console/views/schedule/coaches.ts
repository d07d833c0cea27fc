// Whom a plan may be for.

import { t } from '../../lib/i18n.ts';
import type { Teacher } from '../../lib/types.ts';
import type { Choice } from '../../ui/field.tsx';

/**
 * A class that names no coach is its planner's own where the planner is one: to them, leaving it open
 * is not offered, and they are chosen at first.
 */
export function coachChoices(teachers: readonly Teacher[], own: string | null): { choices: Choice[]; initial: string } {
  const named = teachers.map(({ id, name }) => ({ value: id, label: name }));
  return own ? { choices: named, initial: own } : { choices: [{ value: '', label: t('plan.later') }, ...named], initial: '' };
}
