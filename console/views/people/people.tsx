// Accounts: find them, see at a glance what is wrong with one.

import { whenText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { chosen, filter, usePaged } from '../../lib/paged.ts';
import { link } from '../../lib/router.ts';
import { now } from '../../lib/clock.ts';
import { wallTime } from '../../lib/time.ts';
import type { Account, Role } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Choose } from '../../ui/choose.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';

export const ROLES: readonly Role[] = ['student', 'teacher', 'operator', 'admin', 'owner'];

export function People() {
  const [query, role, disabled] = [chosen('q'), chosen('role'), chosen('disabled')];
  const list = usePaged<Account>('/users', { query, role, disabled });
  return (
    <div>
      <header class="page-head">
        <h1>{t('people.title')}</h1>
      </header>
      <div class="filters">
        <input
          class="input input--small filters__find"
          type="search"
          aria-label={t('people.find')}
          placeholder={t('people.find')}
          value={query}
          onInput={(event) => filter({ q: event.currentTarget.value })}
        />
        <Choose
          label={t('people.role')}
          value={role}
          choices={ROLES.map((one) => [one, t(`role.${one}`)])}
          onChoose={(value) => filter({ role: value })}
        />
        <Choose
          label={t('people.state')}
          value={disabled}
          choices={[
            ['0', t('people.active')],
            ['1', t('people.disabled')],
          ]}
          onChoose={(value) => filter({ disabled: value })}
        />
      </div>
      <Listing list={list} empty={<Empty title={t('people.empty')}>{t('people.empty.text')}</Empty>}>
        {(items) => (
          <table class="table table--cards">
            <thead>
              <tr>
                <th>{t('people.name')}</th>
                <th>{t('people.role')}</th>
                <th>{t('people.phone')}</th>
                <th>{t('people.last')}</th>
                <th>{t('people.state')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((account) => (
                <tr key={account.id}>
                  <td class="table__name">
                    <a href={link(['people', account.id])}>{account.nickname}</a>
                  </td>
                  <td data-label={t('people.role')}>{account.roles.map((one) => t(`role.${one}`)).join('、')}</td>
                  <td data-label={t('people.phone')}>{account.phone ?? ''}</td>
                  <td data-label={t('people.last')}>{account.last_login_at ? whenText(account.last_login_at) : t('people.never')}</td>
                  <td data-label={t('people.state')}>
                    <AccountState account={account} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Listing>
    </div>
  );
}

export function isLocked({ locked_until }: Account): boolean {
  return Boolean(locked_until) && Date.parse(locked_until ?? '') > now.value;
}

export function AccountState({ account }: { account: Account }) {
  if (account.disabled) return <Badge tone="hot">{t('people.disabled')}</Badge>;
  if (isLocked(account)) return <Badge tone="held">{t('people.locked', { time: wallTime(account.locked_until ?? '') })}</Badge>;
  return <Badge tone="main">{t('people.active')}</Badge>;
}
