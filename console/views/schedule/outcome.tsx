// What a plan would come to, and what it came to.

import { dateText } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { link } from '../../lib/router.ts';
import { told } from '../../lib/told.ts';
import { wallDate, wallTime } from '../../lib/time.ts';
import type { BatchAnswer } from '../../lib/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { making as latest } from './making.ts';
import type { Making } from './making.ts';

export function Preview({ answer, onMake }: { answer: BatchAnswer; onMake: () => void }) {
  const { created, refused } = answer;
  if (created.length + refused.length === 0) return <Empty title={t('plan.none')} />;
  return (
    <section class="outcome" aria-live="polite">
      <p class="row">
        <strong>{t('plan.ready', { n: created.length })}</strong>
        {refused.length > 0 && <span class="hot">{t('plan.conflicts', { n: refused.length })}</span>}
        <Button kind="main" disabled={created.length === 0} onClick={onMake}>
          {t('plan.make', { n: created.length })}
        </Button>
      </p>
      <Rows answer={answer} well={t('plan.row.ok')} />
    </section>
  );
}

export function Outcome({ making }: { making: Making }) {
  const answer = making.answer.value;
  const done = answer.created.length + answer.refused.length;
  const state = making.state.value;
  return (
    <section class="outcome" aria-live="polite">
      {state === 'done' ? (
        <p class="row">
          <strong>{t('plan.made', { n: answer.created.length })}</strong>
          {answer.created[0] && (
            <a class="button" href={link(['board'], { date: wallDate(answer.created[0].starts_at), view: 'week' })}>
              {t('plan.see')}
            </a>
          )}
        </p>
      ) : (
        <>
          <label class="progress">
            <span>{t('plan.progress', { done, total: making.total })}</span>
            <progress max={making.total} value={done} />
          </label>
          {state === 'stopped' && (
            <p class="notice notice--bad row" role="alert">
              {making.unknown.value > 0
                ? t('plan.unknown', { n: making.unknown.value, why: told(making.error.value) })
                : t('plan.stopped', { why: told(making.error.value) })}
              <Button onClick={() => void making.goOn()}>{t('plan.again')}</Button>
              <Button kind="quiet" onClick={() => (latest.value = null)}>
                {t('plan.leave')}
              </Button>
            </p>
          )}
        </>
      )}
      <Rows answer={answer} well={t('plan.row.made')} />
    </section>
  );
}

function Rows({ answer: { created, refused }, well }: { answer: BatchAnswer; well: string }) {
  const rows = [
    ...created.map(({ starts_at, ends_at }) => ({ starts_at, until: `–${wallTime(ends_at)}`, problem: '' })),
    ...refused.map(({ starts_at, message }) => ({ starts_at, until: '', problem: message })),
  ].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at));
  return (
    <ol class="outcome__rows">
      {rows.map(({ starts_at, until, problem }) => (
        <li key={starts_at}>
          <span class="number">
            {dateText(wallDate(starts_at))} {wallTime(starts_at)}
            {until}
          </span>
          {problem ? <span class="hot">{problem}</span> : <Badge tone="main">{well}</Badge>}
        </li>
      ))}
    </ol>
  );
}
