// Keyboard shortcuts: what there is now, and who gets a key.

import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { TextKey } from './i18n.ts';

export interface Shortcut {
  /** As `event.key` has it; `g b` is one after the other; `mod+k` is Ctrl or Command. */
  keys: string;
  label: TextKey;
  run: () => void;
}

/** All that work now; the help sheet shows them. */
export const shortcuts = signal<readonly Shortcut[]>([]);

const SEQUENCE_MS = 1_200;
let first: { key: string; at: number } | null = null;

/** These shortcuts work while the component is there. */
export function useShortcuts(own: readonly Shortcut[]): void {
  const latest = useRef(own);
  latest.current = own;
  const shape = own.map((shortcut) => shortcut.keys).join(',');
  // Whoever sees the component may press its keys.
  useLayoutEffect(() => {
    const mine = latest.current.map((shortcut, index) => ({ ...shortcut, run: () => latest.current[index]?.run() }));
    shortcuts.value = [...shortcuts.peek(), ...mine];
    return () => {
      shortcuts.value = shortcuts.peek().filter((shortcut) => !mine.includes(shortcut));
    };
  }, [shape]);
}

export function startListening(): void {
  addEventListener('keydown', (event) => {
    const shortcut = find(event, shortcuts.peek());
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run();
  });
}

/** Where something is typed, or a dialog is open, plain letters are letters. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select') || document.querySelector('dialog[open]') !== null;
}

export function find(event: KeyboardEvent, known: readonly Shortcut[], at = performance.now()): Shortcut | undefined {
  const withControl = event.ctrlKey || event.metaKey;
  if (event.altKey || event.isComposing) return undefined;
  if (withControl) return known.findLast((shortcut) => shortcut.keys === `mod+${event.key.toLowerCase()}`);
  if (isTyping(event)) return undefined;
  const before = first && at - first.at < SEQUENCE_MS ? first.key : null;
  first = null;
  const pair = before && known.findLast((shortcut) => shortcut.keys === `${before} ${event.key}`);
  if (pair) return pair;
  if (known.some((shortcut) => shortcut.keys.startsWith(`${event.key} `))) first = { key: event.key, at };
  return known.findLast((shortcut) => shortcut.keys === event.key);
}
