// An audit at a tap, and what it says.

import { useRef, useState } from 'preact/hooks';

import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/errors.ts';
import { count } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { link } from '../../lib/router.ts';
import { Tap } from '../../lib/tap.ts';
import { told } from '../../lib/told.ts';
import type { AuditAnswer } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Failure } from '../../ui/field.tsx';

/** The server stops looking after eight seconds, and may be busy with other things before and after. */
const WITHIN_MS = 30_000;

export function Audit() {
  const tap = useRef(new Tap());
  const [answer, setAnswer] = useState<AuditAnswer | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    setAnswer(null);
    try {
      // One that is under way is waited for again under its key: two at once would only take longer.
      setAnswer(await api.post<AuditAnswer>('/admin/audit', {}, { key: tap.current.key('audit'), withinMs: WITHIN_MS }));
      tap.current.settled();
    } catch (error) {
      const isUnknown = error instanceof ApiError && error.unknown;
      if (!isUnknown) tap.current.settled();
      setFailure(isUnknown ? t('audit.unknown', { why: told(error) }) : told(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="sheet audit" aria-labelledby="audit-title">
      <h2 id="audit-title">{t('audit.title')}</h2>
      <p class="hint">{t('audit.text')}</p>
      <Button kind="main" busy={busy} onClick={() => void run()}>
        {busy ? t('audit.running') : t('audit.run')}
      </Button>
      <Failure text={failure} />
      <div role="status">{answer && <Findings answer={answer} />}</div>
    </section>
  );
}

function Findings({ answer: { checked, wrong, took_ms, complete } }: { answer: AuditAnswer }) {
  const counted = Object.entries(checked)
    .map(([what, n]) => `${tWord('audit.of', what)} ${count(n)}`)
    .join(' · ');
  const values = { checked: counted, ms: count(took_ms) };
  if (wrong.length === 0 && complete) return <p class="notice">{t('audit.clean', values)}</p>;
  if (wrong.length === 0) return <p class="notice notice--warn">{t('audit.part', values)}</p>;
  return (
    <div class="notice notice--bad">
      <p>{t('audit.wrong', { n: wrong.length })}</p>
      <ul class="follows">
        {wrong.map(({ schedule_id, text }, index) => (
          <li key={index}>
            {text} {schedule_id && <a href={link(['classes', schedule_id])}>{t('audit.open')}</a>}
          </li>
        ))}
      </ul>
      {!complete && <p>{t('audit.wrong.part', values)}</p>}
    </div>
  );
}
