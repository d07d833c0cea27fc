// What an admin can do with an account.

import { api } from '../../lib/api.ts';
import { t } from '../../lib/i18n.ts';
import type { TextKey } from '../../lib/i18n.ts';
import type { AccountDetail } from '../../lib/types.ts';
import { ask } from '../../ui/ask.tsx';
import { toast } from '../../ui/toast.tsx';
import { isLocked, ROLES } from './people.tsx';

interface AccountAction {
  label: TextKey;
  danger?: boolean;
  run: () => void;
}

export function accountActions(account: AccountDetail, onChanged: () => void): AccountAction[] {
  const { id, nickname: name, roles, disabled } = account;
  const path = `/users/${encodeURIComponent(id)}`;
  const post = (what: string, key: string): Promise<void> => api.post(`${path}/${what}`, {}, { key }).then(onChanged);
  const told = (undo?: (key: string) => Promise<unknown>): void => toast(t('person.done', { name }), undo ? { undo } : {});

  const setRoles = (): void =>
    ask(() => ({
      title: t('do.for', { what: t('person.roles'), name }),
      follows: [t('person.roles.text')],
      yes: t('save'),
      fields: ROLES.map((role) => ({ name: role, label: t(`role.${role}`), initial: roles.includes(role) ? '1' : '', type: 'check' })),
      run: async (values, key) => {
        const next = ROLES.filter((role) => values[role]);
        await api.put(`${path}/roles`, { roles: next }, { key }).then(onChanged);
        told((undoKey) => api.put(`${path}/roles`, { roles }, { key: undoKey }).then(onChanged));
      },
    }));
  const turn = (what: 'disable' | 'enable', back: 'disable' | 'enable'): void =>
    ask(() => ({
      title: what === 'disable' ? t('person.disable.title', { name }) : t('do.for', { what: t('person.enable'), name }),
      follows: [t(`person.${what}.text`)],
      yes: t(`person.${what}`),
      danger: what === 'disable',
      run: async (_, key) => {
        await post(what, key);
        told((undoKey) => post(back, undoKey));
      },
    }));
  const unlock = (): void =>
    ask(() => ({
      title: t('do.for', { what: t('person.unlock'), name }),
      follows: [t('person.unlock.text')],
      yes: t('person.unlock'),
      run: async (_, key) => {
        await post('unlock', key);
        told();
      },
    }));

  return [
    { label: 'person.roles', run: setRoles },
    ...(isLocked(account) ? [{ label: 'person.unlock', run: unlock } as const] : []),
    disabled
      ? { label: 'person.enable', run: () => turn('enable', 'disable') }
      : { label: 'person.disable', danger: true, run: () => turn('disable', 'enable') },
  ];
}
