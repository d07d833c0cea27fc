import type { Texts } from './table.ts';

export const operations = {} as const satisfies Texts;
