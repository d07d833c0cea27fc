// What the mini-program does that a device would refuse or swallow. Every test asserts that nothing is here.

/** @typedef {{ kind: string, message: string }} Problem */

/**
 * Adds `problems` to the program, and `report` that tells each once, also to the browser's console.
 *
 * @param {{ problems?: Problem[], report?: (kind: string, message: string) => void }} mp
 */
export function addProblems(mp) {
  const told = new Set();
  mp.problems = [];
  mp.report = (kind, message) => {
    const line = `${kind}: ${message}`;
    if (told.has(line)) return;
    told.add(line);
    mp.problems.push({ kind, message });
    console.error(`[mini-program] ${line}`);
  };
}
