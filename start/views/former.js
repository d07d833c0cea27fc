// What became of the two who had the phones before.

import { byId, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

export class Former {
  #farewells = [];

  /** `farewells` are `{ name, left, kept }`, with the courses whose queue was left and whose seat is kept. */
  show(farewells) {
    this.#farewells = farewells;
    this.relabel();
  }

  relabel() {
    const told = this.#farewells.flatMap(({ name, left, kept }) => [
      ...left.map((course) => t('former.left', { name, course })),
      ...kept.map((course) => t('former.kept', { name, course })),
    ]);
    setText(byId('former'), told.join(''));
  }
}
