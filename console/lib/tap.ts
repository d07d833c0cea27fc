// One tap, one effect.

/** Random, also where the page is not a secure context and has no randomUUID. */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The request key of one wish. While nobody knows whether it was done, trying again with the same
 * body uses the same key; once it is known, or another thing is wished for, the next one is new.
 */
export class Tap {
  #key = newRequestKey();
  #wish = '';

  key(wish: unknown): string {
    const text = JSON.stringify(wish) ?? '';
    if (text !== this.#wish) this.settled();
    this.#wish = text;
    return this.#key;
  }

  /** The outcome is known. */
  settled(): void {
    this.#key = newRequestKey();
    this.#wish = '';
  }
}
