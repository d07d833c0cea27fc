import type { Texts } from './table.ts';

export const roster = {} as const satisfies Texts;
