// What a page shows while there is nothing to show.

import type { ComponentChildren } from 'preact';

import { t } from '../lib/i18n.ts';
import { told } from '../lib/told.ts';
import { Button } from './button.tsx';

/** As tall as what will stand here, so that nothing jumps. */
export function Skeleton({ rows = 4, tall }: { rows?: number; tall?: boolean }) {
  return (
    <div class="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class={`skeleton__row${tall ? ' skeleton__row--tall' : ''}`} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty__title">{title}</p>
      {children && <div class="empty__text">{children}</div>}
    </div>
  );
}

export function ErrorState({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="empty empty--bad" role="alert">
      <p class="empty__title">{told(error)}</p>
      <div class="empty__text">
        <Button onClick={retry}>{t('retry')}</Button>
      </div>
    </div>
  );
}
