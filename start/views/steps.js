// How far the two are: in the queue, a seat on offer, won and lost.

import { byId, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

const STEPS = ['join', 'release', 'race'];

export class Steps {
  #done = new Set();
  #wasReleased = false;
  #winner = null;

  constructor() {
    this.relabel();
  }

  restart() {
    this.#done.clear();
    this.#wasReleased = false;
    this.#winner = null;
    this.relabel();
  }

  released() {
    this.#wasReleased = true;
  }

  /** `people` are `{ name, mine }`. */
  stand(people) {
    const waits = ({ mine }) => mine.waitlist_entry !== null;
    const isOffered = ({ mine }) => mine.offer !== null;
    const hasSeat = ({ mine }) => mine.booking !== null;
    if (people.every((p) => waits(p) || hasSeat(p))) this.#done.add('join');
    if (people.some(isOffered)) this.#done.add('release');
    const winner = people.find(hasSeat);
    if (this.#done.has('release') && winner && people.every((p) => hasSeat(p) || !isOffered(p))) {
      this.#done.add('race');
      this.#winner = winner.name;
    }
    this.relabel();
  }

  relabel() {
    const current = STEPS.find((step) => !this.#done.has(step));
    for (const step of STEPS) {
      const line = document.querySelector(`[data-step="${step}"]`);
      line.dataset.state = this.#done.has(step) ? 'done' : step === current ? 'current' : 'next';
      if (step === current) line.setAttribute('aria-current', 'step');
      else line.removeAttribute('aria-current');
    }
    const text = this.#winner ? t('outcome.won', { name: this.#winner }) : this.#wasReleased && !this.#done.has('join') ? t('outcome.nobody') : '';
    setText(byId('outcome'), text);
  }
}
