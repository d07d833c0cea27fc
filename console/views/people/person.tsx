// One account: who it is, what it may do, how it was logged in to.

import { api } from '../../lib/api.ts';
import { whenText } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { useLoad } from '../../lib/load.ts';
import { usePaged } from '../../lib/paged.ts';
import { link } from '../../lib/router.ts';
import { isAdmin } from '../../lib/session.ts';
import type { AccountDetail, LoginRow } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorState, Skeleton } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';
import { accountActions } from './actions.ts';
import { AccountState } from './people.tsx';

export function Person({ id }: { id: string }) {
  const path = `/users/${encodeURIComponent(id)}`;
  const { data, error, reload } = useLoad(path, (signal) => api.get<AccountDetail>(path, {}, signal));
  return (
    <article>
      <p class="class__back">
        <a href={link(['people'])}>← {t('people.title')}</a>
      </p>
      {data ? <Detail account={data} onChanged={reload} /> : error ? <ErrorState error={error} retry={reload} /> : <Skeleton />}
      <h2 class="part">{t('person.logins')}</h2>
      <Logins path={`${path}/logins`} />
    </article>
  );
}

function Detail({ account, onChanged }: { account: AccountDetail; onChanged: () => void }) {
  const facts: [string, string][] = [
    [t('people.role'), account.roles.map((role) => t(`role.${role}`)).join('、')],
    [t('people.phone'), account.phone ?? ''],
    [t('people.username'), account.username ?? ''],
    [t('person.students'), account.students.map(({ nickname }) => nickname).join('、')],
    [t('person.sessions'), String(account.sessions)],
    [t('people.since'), whenText(account.created_at)],
    [t('people.last'), account.last_login_at ? whenText(account.last_login_at) : t('people.never')],
  ];
  return (
    <>
      <header class="page-head">
        <div class="class__title">
          <h1>{account.nickname}</h1>
          <AccountState account={account} />
        </div>
        {isAdmin.value && (
          <div class="row">
            {accountActions(account, onChanged).map(({ label, danger, run }) => (
              <Button key={label} kind={danger ? 'warn' : 'plain'} onClick={run}>
                {t(label)}
              </Button>
            ))}
          </div>
        )}
      </header>
      <dl class="facts sheet">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}

function Logins({ path }: { path: string }) {
  const list = usePaged<LoginRow>(path, {});
  return (
    <Listing list={list} empty={<Empty title={t('person.logins.none')} />}>
      {(items) => (
        <table class="table table--cards">
          <thead>
            <tr>
              <th>{t('notes.when')}</th>
              <th>{t('person.method')}</th>
              <th>{t('person.outcome')}</th>
              <th>{t('person.device')}</th>
              <th>{t('person.address')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((row, index) => (
              <tr key={index}>
                <td data-label={t('notes.when')}>{whenText(row.at)}</td>
                <td data-label={t('person.method')}>{tWord('method', row.method)}</td>
                <td data-label={t('person.outcome')}>{tWord('outcome', row.outcome)}</td>
                <td data-label={t('person.device')} class="table__name ellipsis" title={row.device}>
                  {row.device}
                </td>
                <td data-label={t('person.address')}>{row.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Listing>
  );
}
