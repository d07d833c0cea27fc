// What lies over the page: dialogs, sheets and toasts. Dialogs are the browser's own, which keep the
// focus inside, close on Escape and give the focus back.

import { h } from './dom.js';

/** The second tap of a double tap comes as soon, and as near. */
const DOUBLE_TAP_MS = 350;
const DOUBLE_TAP_PX = 24;

export class Layers {
  #timer = null;
  /** The last touch, which may have opened what comes next. */
  #touch = null;

  constructor(mp) {
    this.mp = mp;
    // It stands in the document from the beginning: a screen reader tells only what changes.
    this.toast = h('h5-toast', { role: 'status' });
  }

  attach() {
    document.addEventListener('pointerdown', (event) => { this.#touch = event; }, true);
    this.mp.root.append(this.toast);
  }

  /**
   * Opens a dialog and resolves with what `close` was given; with null when it was dismissed, or taken
   * back by its `signal`.
   *
   * @param {(close: (value: unknown) => void) => Node[]} fill makes what is inside
   */
  open({ kind, label, canDismiss = true, signal }, fill) {
    if (signal?.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      let answer = null;
      const before = document.activeElement;
      const dialog = h('dialog', { class: `h5-dialog h5-dialog--${kind}`, 'aria-label': label });
      const close = (value) => {
        answer = value;
        dialog.close();
      };
      dialog.append(h('div', { class: 'h5-dialog__box' }, ...fill(close)));
      dialog.addEventListener('cancel', (event) => {
        if (!canDismiss) event.preventDefault();
      });
      dialog.addEventListener('close', () => {
        dialog.remove();
        if (before?.isConnected) before.focus?.({ preventScroll: true });
        resolve(answer);
      });
      acceptOwnPresses(dialog, this.#touch, () => canDismiss && close(null));
      this.mp.root.append(dialog);
      dialog.showModal();
      signal?.addEventListener('abort', () => close(null));
    });
  }

  /** Shows one line; a later one takes its place. Without a time it stays until it is hidden. */
  showToast({ text, icon, image, isMasking = false, forMs = null }) {
    this.hideToast();
    const sign = image ? h('img', { src: image, alt: '' }) : icon && h('i', { class: `h5-toast__sign h5-toast__sign--${icon}`, 'aria-hidden': 'true' });
    this.toast.replaceChildren(h('div', { class: 'h5-toast__box' }, sign, h('span', {}, text)));
    this.toast.toggleAttribute('data-shown', true);
    this.toast.toggleAttribute('data-masking', isMasking);
    if (forMs !== null) this.#timer = setTimeout(() => this.hideToast(), forMs);
  }

  hideToast() {
    clearTimeout(this.#timer);
    this.toast.replaceChildren();
    this.toast.toggleAttribute('data-shown', false);
    this.toast.toggleAttribute('data-masking', false);
  }
}

/**
 * A second tap of a double tap must not press what the first one opened: only presses that began in
 * the dialog count. A press that began and ended beside the box dismisses it.
 */
function acceptOwnPresses(dialog, opener, dismiss) {
  let isOwn = false;
  dialog.addEventListener('pointerdown', (event) => {
    isOwn = opener === null || !isDouble(opener, event);
  }, true);
  dialog.addEventListener('click', (event) => {
    const isPress = event.detail > 0;
    if (isPress && !isOwn) {
      event.stopPropagation();
      event.preventDefault();
    } else if (isPress && event.target === dialog) {
      dismiss();
    }
  }, true);
}

const isDouble = (first, second) =>
  second.timeStamp - first.timeStamp < DOUBLE_TAP_MS
  && Math.hypot(second.clientX - first.clientX, second.clientY - first.clientY) < DOUBLE_TAP_PX;
