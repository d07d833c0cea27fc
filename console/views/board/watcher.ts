// Subscribes the classes of the board: all of them, because what is filtered out may fit the next moment and is
// counted now. A socket takes 256 topics, and a day may have more classes: then those in view come first.

import { live } from '../../lib/live.ts';
import { schedules } from '../../lib/schedules.ts';
import { TOPICS_MAX } from '../../lib/link.ts';
import type { ScheduleBody } from '../../lib/types.ts';

/** The class that is opened and the person's own news need some as well. */
const KEPT_FREE = 16;
/** Cards that fly by while somebody scrolls are not worth a snapshot. */
const REST_MS = 120;
const MARGIN = '200px 0px';

export class Watcher {
  #inView = new Set<string>();
  #all: readonly string[] = [];
  #watched = new Map<string, () => void>();
  #ids = new WeakMap<Element, string>();
  #timer = 0;
  #observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: MARGIN });

  /** For the `ref` of a card. */
  observe(element: Element, id: string): void {
    this.#ids.set(element, id);
    this.#observer.observe(element);
  }

  unobserve(element: Element): void {
    this.#observer.unobserve(element);
    const id = this.#ids.get(element);
    if (id && this.#inView.delete(id)) this.#soon();
  }

  /** Whatever is in the list, whether it has a card or not. */
  follow(all: readonly string[]): void {
    this.#all = all;
    this.#soon();
  }

  stop(): void {
    this.#observer.disconnect();
    clearTimeout(this.#timer);
    for (const leave of this.#watched.values()) leave();
    this.#watched.clear();
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const id = this.#ids.get(target);
      if (!id) continue;
      if (isIntersecting) this.#inView.add(id);
      else this.#inView.delete(id);
    }
    this.#soon();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), REST_MS);
  }

  #settle(): void {
    const wanted = firstOf(this.#inView, this.#all, TOPICS_MAX - KEPT_FREE);
    for (const [id, leave] of this.#watched) {
      if (wanted.has(id)) continue;
      leave();
      this.#watched.delete(id);
    }
    for (const id of wanted) if (!this.#watched.has(id)) this.#watched.set(id, watch(id));
  }
}

/** As many as there is room for, those in view before the others. */
export function firstOf(inView: ReadonlySet<string>, all: readonly string[], room: number): Set<string> {
  return new Set([...new Set([...inView, ...all])].slice(0, room));
}

function watch(id: string): () => void {
  return live.subscribe(`schedule:${id}`, (message) => {
    if (message.type === 'snapshot' || message.type === 'frame') schedules.apply(id, message.data as ScheduleBody);
  });
}
