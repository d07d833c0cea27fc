import { count, percent } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { usePaged } from '../../lib/paged.ts';
import type { DeliveryRate } from '../../lib/types.ts';
import { Empty } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';

const STATES = ['sent', 'queued', 'refused', 'failed', 'dropped'] as const;

/** How many arrive, by template, and why the others do not. */
export function Rates() {
  const list = usePaged<DeliveryRate>('/stats/notification', {});
  return (
    <Listing list={list} empty={<Empty title={t('rates.empty')}>{t('notes.empty.text')}</Empty>}>
      {(items) => (
        <table class="table table--cards">
          <thead>
            <tr>
              <th>{t('notes.kind')}</th>
              <th>{t('rates.rate')}</th>
              {STATES.map((state) => (
                <th key={state} class="number">
                  {t(`note.state.${state}`)}
                </th>
              ))}
              <th>{t('rates.mean')}</th>
              <th>{t('rates.reasons')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((row) => (
              <tr key={`${row.kind} ${row.template_id}`}>
                <td title={row.template_id}>{tWord('kind', row.kind)}</td>
                <td data-label={t('rates.rate')}>
                  {row.rate !== null && (
                    <span class="rate">
                      <meter min={0} max={1} low={0.9} optimum={1} value={row.rate} aria-label={percent(row.rate)} />
                      {percent(row.rate)}
                    </span>
                  )}
                </td>
                {STATES.map((state) => (
                  <td key={state} data-label={t(`note.state.${state}`)} class="number">
                    {count(row[state])}
                  </td>
                ))}
                <td data-label={t('rates.mean')}>{row.mean_seconds !== null && t('rates.seconds', { n: row.mean_seconds.toFixed(1) })}</td>
                <td data-label={t('rates.reasons')}>
                  {Object.entries(row.reasons)
                    .map(([reason, n]) => `${tWord('note.reason', reason)} ${count(n)}`)
                    .join(' · ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Listing>
  );
}
