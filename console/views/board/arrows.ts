// Arrow keys go from card to card, as the cards lie on the page.

const CARD = 'a.card';

/** Makes the cards of `list` one stop of Tab: the one that was last visited, or the first. */
export function keepOneStop(list: HTMLElement): void {
  const stop = list.querySelector<HTMLElement>(`${CARD}[tabindex="0"]`);
  if (!stop) list.querySelector<HTMLElement>(CARD)?.setAttribute('tabindex', '0');
}

export function moveStop(list: HTMLElement, to: Element): void {
  for (const card of list.querySelectorAll(`${CARD}[tabindex="0"]`)) if (card !== to) card.setAttribute('tabindex', '-1');
  to.setAttribute('tabindex', '0');
}

/** Handles an arrow key on a card; other keys are left alone. */
export function onArrow(list: HTMLElement, event: KeyboardEvent): void {
  const from = event.target instanceof Element ? event.target.closest<HTMLElement>(CARD) : null;
  if (!from || event.ctrlKey || event.metaKey || event.altKey) return;
  const cards = [...list.querySelectorAll<HTMLElement>(CARD)];
  const to = next(cards, from, event.key);
  if (!to) return;
  event.preventDefault();
  to.focus();
  to.scrollIntoView({ block: 'nearest' });
}

function next(cards: readonly HTMLElement[], from: HTMLElement, key: string): HTMLElement | undefined {
  const index = cards.indexOf(from);
  switch (key) {
    case 'ArrowRight':
      return cards[index + 1];
    case 'ArrowLeft':
      return cards[index - 1];
    case 'ArrowDown':
      return nearest(cards, from, 1);
    case 'ArrowUp':
      return nearest(cards, from, -1);
    case 'Home':
      return cards[0];
    case 'End':
      return cards.at(-1);
    default:
      return undefined;
  }
}

/** The card of the next row whose left edge is closest. */
function nearest(cards: readonly HTMLElement[], from: HTMLElement, direction: 1 | -1): HTMLElement | undefined {
  const own = from.getBoundingClientRect();
  const distance = (box: DOMRect): number => (box.top - own.top) * direction;
  const boxes = cards.map((card) => ({ card, box: card.getBoundingClientRect() })).filter(({ box }) => distance(box) > own.height / 2);
  const score = ({ box }: { box: DOMRect }): number => distance(box) * 4 + Math.abs(box.left - own.left);
  return boxes.sort((a, b) => score(a) - score(b))[0]?.card;
}
