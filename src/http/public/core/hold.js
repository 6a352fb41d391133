/**
 * Rows hold still while the pointer is over them or focus is within: what comes meanwhile is kept, said, and shown once
 * they are left. Else a click hits the row that has just moved under it.
 */
import { useEffect, useState } from 'preact/hooks';

const holding = new Set();

export const isHeld = (element) => [...holding].some((container) => container.contains(element));

/** Whether the container is being pointed at, or has the focus. */
export function useHold(reference) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const container = reference.current;
    if (container === null) return undefined;
    let isPointed = false;
    const look = () => {
      const next = (isPointed && container.matches(':hover')) || isFocused(container);
      if (next) holding.add(container);
      else holding.delete(container);
      // The page below must not be moved by the browser as well as by us.
      document.documentElement.classList.toggle('holding', holding.size > 0);
      setHeld(next);
    };
    const heard = {
      pointerenter() {
        isPointed = true;
        look();
      },
      pointerleave() {
        isPointed = false;
        look();
      },
      focusin: look,
      // The next element has the focus only after this event.
      focusout: () => setTimeout(look),
    };
    for (const [name, listener] of Object.entries(heard)) container.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(heard)) container.removeEventListener(name, listener);
      holding.delete(container);
      document.documentElement.classList.toggle('holding', holding.size > 0);
    };
  }, [reference]);
  return held;
}

/** A region that a click has focused holds nothing: only keys need it focused. */
function isFocused(container) {
  const focused = document.activeElement;
  if (focused === container) return container.matches(':focus-visible');
  return container.contains(focused);
}

/** Draws, and keeps what is held where it is on the screen although what stands above it grows or shrinks. */
export function drawAround(draw) {
  const [held] = holding;
  const top = held?.getBoundingClientRect().top;
  draw();
  if (held === undefined) return;
  // Components draw themselves in a microtask that is queued by now.
  queueMicrotask(() => {
    const movedBy = held.getBoundingClientRect().top - top;
    if (held.isConnected && Math.abs(movedBy) >= 1) scrollBy({ top: movedBy, behavior: 'instant' });
  });
}
