// Whether what is on the page is what is so.

import { now } from '../../lib/clock.ts';
import { t } from '../../lib/i18n.ts';
import { about, live } from '../../lib/live.ts';
import { atOffset } from '../../lib/time.ts';
import { offset } from '../../lib/today.ts';
import { Button } from '../../ui/button.tsx';

export function LinkDot() {
  const { state } = live.state.value;
  const text = state === 'live' ? t('link.live') : state === 'waiting' ? t('link.lost') : t('link.connecting');
  return (
    <span class={`dot dot--${state}`} title={text}>
      <span class="sr-only">{text}</span>
    </span>
  );
}

/** The bar is there for every lost connection, and never for the first one on its way. */
export function LinkBar() {
  const lost = live.state.value.state !== 'live' && (live.generation.value > 0 || live.state.value.state === 'waiting');
  return (
    <div role="status">
      {lost && (
        <div class="linkbar">
          <p>
            <strong>{t('link.lost')}</strong> {t('link.stale')}
          </p>
          <Button small onClick={() => live.retryNow()}>
            {t('link.now')}
          </Button>
        </div>
      )}
      {about.value?.clock === 'manual' && (
        <p class="linkbar linkbar--calm">{t('clock.manual', { time: atOffset(now.value, offset.value).slice(0, 19).replace('T', ' ') })}</p>
      )}
    </div>
  );
}
