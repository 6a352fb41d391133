/** Something that changes by itself, and components that are drawn anew when it does. */
import { useLayoutEffect, useReducer } from 'preact/hooks';

export function createChanges() {
  const watching = new Set();
  return {
    changed() {
      for (const watcher of watching) watcher();
    },
    useChanges() {
      const draw = useDraw();
      // Within the draw itself: what changes between it and a later effect would not be seen.
      useLayoutEffect(() => {
        watching.add(draw);
        return () => watching.delete(draw);
      }, []);
    },
  };
}

/** Draws the component anew. */
export function useDraw() {
  const [, draw] = useReducer((count) => count + 1, 0);
  return draw;
}
