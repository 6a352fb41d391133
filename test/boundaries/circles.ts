/** Circles in a directed graph: Tarjan's strongly connected components of more than one node, or with a loop. */

type Edges = ReadonlyMap<string, Iterable<string | null>>;

/** Each component with a circle, as one shortest circle through its first node. */
export function circles(edges: Edges): string[][] {
  return components(edges).flatMap((component) => {
    const members = new Set(component);
    const start = [...component].sort()[0];
    const circle = start === undefined ? null : shortestCircle(edges, members, start);
    return circle === null ? [] : [circle];
  });
}

function components(edges: Edges): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const index = order.size;
    order.set(node, index);
    low.set(node, index);
    open.push(node);
    for (const next of edges.get(node) ?? []) {
      if (next === null) continue;
      const seen = order.get(next);
      const reach = seen === undefined ? visit(next) : open.includes(next) ? seen : index;
      low.set(node, Math.min(low.get(node) ?? index, reach));
    }
    if (low.get(node) === index) found.push(open.splice(open.indexOf(node)));
    return low.get(node) ?? index;
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}

function shortestCircle(edges: Edges, members: ReadonlySet<string>, start: string): string[] | null {
  let paths = [[start]];
  const reached = new Set<string>();
  while (paths.length > 0) {
    const longer: string[][] = [];
    for (const path of paths) {
      for (const next of edges.get(path.at(-1) ?? start) ?? []) {
        if (next === start) return path;
        if (next === null || !members.has(next) || reached.has(next)) continue;
        reached.add(next);
        longer.push([...path, next]);
      }
    }
    paths = longer;
  }
  return null;
}
