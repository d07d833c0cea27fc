// localStorage that never throws: private windows and strict settings may refuse it.

const PREFIX = 'yueke.console.';

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // Without storage the console still works; it only forgets.
  }
}

/** Calls back when another tab of this console changes `key`. */
export function onElsewhere(key: string, listener: () => void): void {
  addEventListener('storage', (event) => {
    if (event.key === PREFIX + key) listener();
  });
}
