// The console's socket, whose state pages follow while they are drawn.

import { signal } from '@preact/signals';

import { Link } from './link.ts';
import type { LinkState } from './link.ts';

export class LiveSocket extends Link {
  readonly state = signal<LinkState>({ state: 'stopped' });
  /** Counts how often a connection was made: who keeps lists reads them anew after each. */
  readonly generation = signal(0);

  protected override became(now: LinkState): void {
    super.became(now);
    this.state.value = now;
    if (now.state === 'live') this.generation.value += 1;
  }
}
