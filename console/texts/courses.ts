import type { Texts } from './table.ts';

export const courses = {} as const satisfies Texts;
