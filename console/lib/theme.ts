// Light or dark: as the system has it, unless somebody chose.

import { effect, signal } from '@preact/signals';

import { recall, remember } from './storage.ts';

export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export const theme = signal<Theme>(THEMES.find((name) => name === recall('theme')) ?? 'auto');

export function useTheme(name: Theme): void {
  theme.value = name;
  remember('theme', name === 'auto' ? null : name);
}

/** What is drawn now, for what takes its colours from a script. */
export const shownTheme = signal<'light' | 'dark'>('light');

/** Style sheets go by the attribute alone. */
export function applyTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const systemDark = signal(system.matches);
  system.addEventListener('change', () => (systemDark.value = system.matches));
  effect(() => {
    const dark = theme.value === 'dark' || (theme.value === 'auto' && systemDark.value);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
    shownTheme.value = dark ? 'dark' : 'light';
  });
}
