// Whether what is on the screen is live.

import { byId, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

export class LinkState {
  #now = { state: 'stopped' };

  constructor() {
    setInterval(() => this.relabel(), 1_000);
  }

  update(now) {
    // A state told again without a round trip keeps the last one measured.
    this.#now = now.state === 'live' && this.#now.state === 'live' ? { ...this.#now, ...now } : now;
    this.relabel();
  }

  relabel() {
    const { state, retryAt, roundTripMs } = this.#now;
    byId('link-state').dataset.state = state;
    setText(byId('link-state-text'), words(state, retryAt, roundTripMs));
  }
}

function words(state, retryAt, roundTripMs) {
  if (state === 'waiting') return t('link.waiting', { seconds: Math.max(1, Math.ceil((retryAt - Date.now()) / 1000)) });
  if (state === 'live' && roundTripMs !== undefined) {
    return t('link.live_ms', { ms: roundTripMs < 10 ? roundTripMs.toFixed(1) : Math.round(roundTripMs) });
  }
  return t(`link.${state}`);
}
