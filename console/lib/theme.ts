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

/** `color-scheme` decides which half of each `light-dark()` colour is taken. */
export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
  });
}
