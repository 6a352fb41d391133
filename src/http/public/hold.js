/**
 * Rows hold still while the pointer is over them or focus is within: what comes meanwhile is kept, said, and shown once
 * they are left. Else a click hits the row that has just moved under it.
 */
import { h, setText } from './dom.js';

const holding = new Set();

/** The element whose rows hold still now, if any. */
export const heldElement = () => holding.values().next().value ?? null;

export const isHeld = (element) => [...holding].some((container) => container.contains(element));

/**
 * Wraps what draws a container. `newIn(data)` says how many rows of it are not shown yet. The function that it returns takes
 * data to draw, at once when `force` is set, as for a filter that somebody types.
 */
export function holdStill(container, draw, newIn) {
  const word = h('span', { class: 'held', 'aria-hidden': 'true', hidden: true });
  const said = h('span', { class: 'hidden', role: 'status' });
  container.before(h('div', { class: 'held-place' }, word, said));
  let isPointed = false;
  let waiting = null;

  const isWanted = () => (isPointed && container.matches(':hover')) || isFocused(container);

  const look = () => {
    const held = isWanted();
    if (held) holding.add(container);
    else holding.delete(container);
    // The page below must not be moved by the browser as well as by us.
    document.documentElement.classList.toggle('holding', holding.size > 0);
    if (held || waiting === null) return;
    const { data } = waiting;
    waiting = null;
    word.hidden = true;
    setText(said, '');
    draw(data);
  };

  container.addEventListener('pointerenter', () => {
    isPointed = true;
    look();
  });
  container.addEventListener('pointerleave', () => {
    isPointed = false;
    look();
  });
  container.addEventListener('focusin', look);
  // The next element has the focus only after this event.
  container.addEventListener('focusout', () => setTimeout(look));

  return (data, { force = false } = {}) => {
    if (force) waiting = null;
    if (force || !isWanted()) {
      word.hidden = true;
      draw(data);
      return;
    }
    waiting = { data };
    const count = newIn(data);
    setText(word, count > 0 ? `${count} new, shown when you leave` : 'held still');
    word.hidden = count === 0;
    // Once for each time that rows are held: a screen reader would otherwise never come to an end.
    if (count > 0 && said.textContent === '')
      setText(said, 'There are new rows; they are shown when you leave this list.');
  };
}

/** A region that a click has focused holds nothing: only keys need it focused. */
function isFocused(container) {
  const focused = document.activeElement;
  if (focused === container) return container.matches(':focus-visible');
  return container.contains(focused);
}

/** Draws, and keeps what is held where it is on the screen although what stands above it grows or shrinks. */
export function drawAround(draw) {
  const held = heldElement();
  const top = held?.getBoundingClientRect().top;
  draw();
  if (held === null) return;
  const movedBy = held.getBoundingClientRect().top - top;
  if (Math.abs(movedBy) >= 1) scrollBy({ top: movedBy, behavior: 'instant' });
}
