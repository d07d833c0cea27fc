import type { Texts } from './table.ts';

export const history = {} as const satisfies Texts;
