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

  /** The state is announced when it changes; the figures beside it change all the time and are only shown. */
  relabel() {
    const { state, retryAt, roundTripMs } = this.#now;
    byId('link-state').dataset.state = state;
    setText(byId('link-state-text'), t(`link.${state}`));
    setText(byId('link-state-figures'), figures(state, retryAt, roundTripMs));
  }
}

function figures(state, retryAt, roundTripMs) {
  if (state === 'waiting') return t('link.again_in', { seconds: Math.max(1, Math.ceil((retryAt - Date.now()) / 1000)) });
  if (state === 'live' && roundTripMs !== undefined) {
    return t('link.round_trip', { ms: roundTripMs < 10 ? roundTripMs.toFixed(1) : Math.round(roundTripMs) });
  }
  return '';
}
