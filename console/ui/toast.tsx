// Short news at the edge of the page; what can be undone offers it here.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { ApiError } from '../lib/errors.ts';
import { t } from '../lib/i18n.ts';
import { newRequestKey } from '../lib/tap.ts';
import { told } from '../lib/told.ts';
import { Button } from './button.tsx';

interface Toast {
  id: number;
  text: string;
  /** What it is about where the text does not say so: it is read, and taken back, on other pages too. */
  about?: string;
  bad?: boolean;
  undo?: (key: string) => Promise<unknown>;
}

const STAYS_MS = 5_000;
const STAYS_WITH_UNDO_MS = 12_000;
const TOASTS_MAX = 4;

const toasts = signal<readonly Toast[]>([]);
let latest = 0;

export type More = Omit<Toast, 'id' | 'text'>;

export function toast(text: string, more: More = {}): void {
  latest += 1;
  // Only the last that was done to something is offered to be taken back: what was before it is past.
  const isPast = (one: Toast): boolean => !more.bad && more.about !== undefined && one.about === more.about;
  const before = toasts.peek().map(({ undo, ...one }) => (undo && !isPast(one) ? { ...one, undo } : one));
  toasts.value = [...before, { id: latest, text, ...more }].slice(-TOASTS_MAX);
}

/** What somebody did must not be taken back by whoever logs in next. */
export function forgetToasts(): void {
  toasts.value = [];
}

function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((one) => one.id !== id);
}

export function ToastHost() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <ToastItem key={one.id} toast={one} />
      ))}
    </div>
  );
}

function ToastItem({ toast: { id, text, about, bad, undo } }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  const [key] = useState(newRequestKey);
  useEffect(() => {
    if (held || busy) return undefined;
    const timer = setTimeout(() => dismiss(id), undo ? STAYS_WITH_UNDO_MS : STAYS_MS);
    return () => clearTimeout(timer);
  }, [held, busy]);
  const whole = about ? t('toast.about', { text, about }) : text;
  const where = about ? { about } : {};
  const takeBack = async (): Promise<void> => {
    setBusy(true);
    try {
      await undo?.(key);
      dismiss(id);
      toast(t('undone', { what: text }), where);
    } catch (error) {
      // Who does not know whether it was done tries again, under the same key.
      if (error instanceof ApiError && error.unknown) {
        toast(t('undo.unknown', { what: text, why: told(error) }), { ...where, bad: true });
        setBusy(false);
        return;
      }
      dismiss(id);
      toast(t('undo.failed', { what: text, why: told(error) }), { ...where, bad: true });
    }
  };
  return (
    <div
      class={`toast${bad ? ' toast--bad' : ''}`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <span class="toast__text">
        {about && <span class="toast__about ellipsis">{about}</span>}
        {text}
      </span>
      {undo && (
        <Button small busy={busy} label={t('do.for', { what: t('undo'), name: whole })} onClick={() => void takeBack()}>
          {t('undo')}
        </Button>
      )}
      <button type="button" class="icon-button" aria-label={t('close')} onClick={() => dismiss(id)}>
        ✕
      </button>
    </div>
  );
}
