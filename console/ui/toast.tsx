// Short news at the edge of the page; what can be undone offers it here.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { t } from '../lib/i18n.ts';
import { newRequestKey } from '../lib/tap.ts';
import { told } from '../lib/told.ts';
import { Button } from './button.tsx';

interface Toast {
  id: number;
  text: string;
  bad?: boolean;
  undo?: (key: string) => Promise<unknown>;
}

const STAYS_MS = 5_000;
const STAYS_WITH_UNDO_MS = 12_000;
const TOASTS_MAX = 4;

const toasts = signal<readonly Toast[]>([]);
let latest = 0;

export function toast(text: string, more: Omit<Toast, 'id' | 'text'> = {}): void {
  latest += 1;
  toasts.value = [...toasts.peek(), { id: latest, text, ...more }].slice(-TOASTS_MAX);
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

function ToastItem({ toast: { id, text, bad, undo } }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  const [key] = useState(newRequestKey);
  useEffect(() => {
    if (held || busy) return undefined;
    const timer = setTimeout(() => dismiss(id), undo ? STAYS_WITH_UNDO_MS : STAYS_MS);
    return () => clearTimeout(timer);
  }, [held, busy]);
  const takeBack = async (): Promise<void> => {
    setBusy(true);
    try {
      await undo?.(key);
      dismiss(id);
      toast(t('undone'));
    } catch (error) {
      dismiss(id);
      toast(t('undo.failed', { why: told(error) }), { bad: true });
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
      <span class="toast__text">{text}</span>
      {undo && (
        <Button small busy={busy} label={t('do.for', { what: t('undo'), name: text })} onClick={() => void takeBack()}>
          {t('undo')}
        </Button>
      )}
      <button type="button" class="icon-button" aria-label={t('close')} onClick={() => dismiss(id)}>
        ✕
      </button>
    </div>
  );
}
