import { now } from '../lib/clock.ts';
import { t } from '../lib/i18n.ts';
import { countdown, wallSecond } from '../lib/time.ts';

/** Counts down on the server's clock; only these digits are drawn again each second. */
export function Countdown({ until }: { until: string }) {
  const left = Date.parse(until) - now.value;
  return (
    <time class={`countdown${left < 60_000 ? ' countdown--short' : ''}`} dateTime={until} title={t('until', { time: wallSecond(until) })}>
      {countdown(left)}
    </time>
  );
}
