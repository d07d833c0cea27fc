/** Chinese first, English second; a table that lacks one is refused by its type. */
export type Texts = Record<string, readonly [zh: string, en: string]>;
