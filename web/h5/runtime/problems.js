// What the mini-program does that a device would refuse or swallow. Every test asserts that nothing is here.

/** @typedef {{ kind: string, message: string }} Problem */

/** Reports misuse once per kind and message, to the list and to the browser's console. */
export class Problems {
  /** @type {Problem[]} */
  list = [];
  #told = new Set();

  report(kind, message) {
    const line = `${kind}: ${message}`;
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.list.push({ kind, message });
    console.error(`[mini-program] ${line}`);
  }
}
