// Texts with gaps.

export type Values = Record<string, string | number>;

const GAP = /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g;

/**
 * `{name}` becomes the value; `{n|seat|seats}` becomes the first word for one and the second for
 * any other number, for languages that count so.
 */
export function fill(text: string, values: Values = {}): string {
  return text.replace(GAP, (_, name: string, one?: string, many?: string) => {
    const value = values[name] ?? '';
    if (one === undefined || many === undefined) return String(value);
    return Number(value) === 1 ? one : many;
  });
}

/** The names of the gaps of a text, each once and sorted. */
export function gaps(text: string): string[] {
  return [...new Set([...text.matchAll(GAP)].map((match) => match[1] ?? ''))].sort();
}
