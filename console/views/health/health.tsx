// How the server does.

import { useMemo } from 'preact/hooks';

import { api } from '../../lib/api.ts';
import { count, whenText } from '../../lib/format.ts';
import { isKey, t } from '../../lib/i18n.ts';
import type { TextKey } from '../../lib/i18n.ts';
import { useEvery, useLoad } from '../../lib/load.ts';
import { link } from '../../lib/router.ts';
import { isStaff } from '../../lib/session.ts';
import type { Health, HealthSample } from '../../lib/types.ts';
import { Empty, ErrorState, Skeleton } from '../../ui/feedback.tsx';
import { Plot } from '../../ui/plot.tsx';
import type { Line } from '../../ui/plot.tsx';
import { Audit } from './audit.tsx';

const MINUTE_MS = 60_000;

export function HealthPage() {
  const { data, error, reload } = useLoad('health', (signal) => api.get<Health>('/admin/health', {}, signal));
  useEvery(data?.every_ms ?? 10_000, reload);
  if (!data) return error ? <ErrorState error={error} retry={reload} /> : <Skeleton rows={6} />;
  return (
    <div class="health">
      <header class="page-head">
        <h1>{t('health.title')}</h1>
        <p class="soft">
          {t('health.facts', {
            version: data.version,
            database: data.database === 'sqlite' ? 'SQLite' : 'PostgreSQL',
            since: whenText(data.started_at),
          })}
        </p>
      </header>
      {error !== null && <ErrorState error={error} retry={reload} />}
      <Alerts alerts={data.alerts} />
      {data.samples.length === 0 ? (
        <Empty title={t('health.none')}>{t('health.none.text', { n: data.every_ms / 1000 })}</Empty>
      ) : (
        <Plots samples={data.samples} everyMs={data.every_ms} />
      )}
      {isStaff.value && <Audit />}
    </div>
  );
}

function Alerts({ alerts }: { alerts: Health['alerts'] }) {
  if (alerts.length === 0) return <p class="notice">{t('health.well')}</p>;
  return (
    <ul class="alerts" aria-label={t('health.alerts')}>
      {alerts.map(({ name, text, since }) => (
        <li key={name} class="notice notice--bad">
          <AlertText name={name} text={text} /> <span class="nowrap">({t('health.since', { time: whenText(since) })})</span>
        </li>
      ))}
    </ul>
  );
}

/** Where somebody can see to it. */
const ALERT_PAGES: Record<string, string> = {
  send_failures: link(['notifications'], { state: 'failed' }),
  messages_late: link(['notifications'], { state: 'queued' }),
  waiting_unreachable: link(['waitlists'], { tab: 'people' }),
  queue_full: link(['waitlists'], { tab: 'people', full: '1' }),
};

/** The server's own words name paths of the API; these lead to pages. */
function AlertText({ name, text }: { name: string; text: string }) {
  const key = `alert.${name}`;
  const page = ALERT_PAGES[name];
  return (
    <>
      {isKey(key) ? t(key) : text} {page && <a href={page}>{t('alert.see')}</a>}
    </>
  );
}

interface PlotPlan {
  title: TextKey;
  lines: { label: TextKey; color: Line['color']; value: (sample: HealthSample) => number | null }[];
}

function plans(everyMs: number): PlotPlan[] {
  const perMinute = MINUTE_MS / everyMs;
  return [
    {
      title: 'health.bookings',
      lines: [
        { label: 'health.line.bookings', color: '--main', value: ({ bookings }) => bookings * perMinute },
        { label: 'health.line.refusals', color: '--hot', value: ({ refusals }) => refusals * perMinute },
      ],
    },
    {
      title: 'health.times',
      lines: [
        { label: 'health.line.turn', color: '--main', value: ({ turn_p99_ms }) => turn_p99_ms },
        { label: 'health.line.commit', color: '--held', value: ({ commit_p99_ms }) => commit_p99_ms },
      ],
    },
    { title: 'health.sockets', lines: [{ label: 'health.line.sockets', color: '--main', value: ({ sockets }) => sockets }] },
    { title: 'health.lag', lines: [{ label: 'health.line.lag', color: '--hot', value: ({ deadline_lag_ms }) => deadline_lag_ms }] },
    { title: 'health.journal', lines: [{ label: 'health.line.journal', color: '--held', value: ({ journal_queue }) => journal_queue }] },
  ];
}

function Plots({ samples, everyMs }: { samples: readonly HealthSample[]; everyMs: number }) {
  const times = useMemo(() => samples.map(({ at }) => Date.parse(at) / 1000), [samples]);
  const drawn = useMemo(
    () =>
      plans(everyMs).map(({ title, lines }) => ({
        title,
        lines: lines.map(({ label, color, value }) => ({ label: t(label), color, values: samples.map(value) })),
      })),
    [samples, everyMs],
  );
  return (
    <div class="plots">
      {drawn.map(({ title, lines }) => {
        const values = lines.map((line) => `${line.label} ${count(line.values.at(-1) ?? 0)}`).join(' · ');
        return (
          <figure key={title} class="sheet plots__one">
            <figcaption>
              <h2>{t(title)}</h2>
              <p class="hint">{t('health.latest', { values })}</p>
            </figcaption>
            <Plot label={`${t(title)}: ${values}`} times={times} lines={lines} />
          </figure>
        );
      })}
    </div>
  );
}
