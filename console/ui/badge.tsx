import type { ComponentChildren } from 'preact';

export type Tone = 'plain' | 'main' | 'hot' | 'held' | 'faint';

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge badge--${tone}`}>{children}</span>;
}
