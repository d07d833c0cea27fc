// The two ends between a page and the one that it opened.

export class EventChannel {
  constructor() {
    const toOpener = new Map();
    const toOpened = new Map();
    this.opener = end(toOpener, toOpened);
    this.opened = end(toOpened, toOpener);
  }
}

function end(heard, said) {
  const add = (name, listener, isOnce) => heard.set(name, [...(heard.get(name) ?? []), { listener, isOnce }]);
  return {
    on: (name, listener) => add(name, listener, false),
    once: (name, listener) => add(name, listener, true),
    off: (name, listener) => heard.set(name, (heard.get(name) ?? []).filter((one) => listener && one.listener !== listener)),
    emit(name, ...args) {
      const all = said.get(name) ?? [];
      said.set(name, all.filter(({ isOnce }) => !isOnce));
      for (const { listener } of all) listener(...args);
    },
  };
}
