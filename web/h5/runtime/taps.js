// From the browser's clicks, presses and keys to taps and long presses.
//
// A tap is the browser's own click: screen readers, keyboards and switches make clicks too, and the
// click that follows a touch can then never land on what the tap has just opened.

const LONG_PRESS_MS = 350;
const LONG_PRESS_MOVE = 10;
/** What Enter and Space press. Links and fields of the browser do so by themselves. */
const PRESSABLE = ['button', 'link', 'checkbox', 'radio', 'switch', 'tab', 'menuitem', 'option'];

export class Taps {
  #inTap = false;
  #wasLong = false;
  #pressed = null;

  constructor(mp) {
    this.mp = mp;
    this.target = null;
  }

  /** Whether a tap is being handled right now, before any waiting: some of WeChat's doors open only then. */
  get isNow() {
    return this.#inTap;
  }

  /** @param {(event: Event, type: string, detail: object) => void} trigger hands an event to the framework */
  listen(trigger) {
    document.addEventListener('click', (event) => this.#click(event, trigger), true);
    document.addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('pointerdown', (event) => this.#press(event, trigger), true);
    document.addEventListener('pointermove', (event) => this.#move(event), { capture: true, passive: true });
    for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, () => this.#release(), true);
  }

  #click(event, trigger) {
    const wasLong = this.#wasLong;
    this.#wasLong = false;
    if (wasLong && event.detail !== 0) return;
    // A disabled button's tap reaches nobody, the view around it neither.
    if (event.target.closest?.('wx-button[disabled]')) return;
    this.target = event.target;
    this.#inTap = true;
    try {
      trigger(event, 'tap', this.mp.position(event));
    } finally {
      this.#inTap = false;
    }
  }

  #key(event) {
    if ((event.key !== 'Enter' && event.key !== ' ') || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const { target } = event;
    if (!target.__wxElement || !PRESSABLE.includes(target.getAttribute('role'))) return;
    event.preventDefault();
    target.click();
  }

  #press(event, trigger) {
    clearTimeout(this.#pressed?.timer);
    this.#wasLong = false;
    const timer = setTimeout(() => {
      this.#pressed = null;
      for (const type of ['longpress', 'longtap']) {
        if (this.mp.listensTo(event.target, type)) {
          this.#wasLong = true;
          trigger(event, type, this.mp.position(event));
        }
      }
    }, LONG_PRESS_MS);
    this.#pressed = { timer, x: event.clientX, y: event.clientY };
  }

  #move(event) {
    if (!this.#pressed) return;
    const distance = Math.hypot(event.clientX - this.#pressed.x, event.clientY - this.#pressed.y);
    if (distance > LONG_PRESS_MOVE) this.#release();
  }

  #release() {
    clearTimeout(this.#pressed?.timer);
    this.#pressed = null;
  }
}
