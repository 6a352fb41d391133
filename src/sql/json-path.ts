/** Paths into JSON as DuckDB has them: `$.a[0]."b c"`, the pointer `/a/0`, or a key by itself. */
import type { JsonNode } from './json-tree.ts';
import { SqlError } from './value.ts';

/** A place from the end is negative. */
type Step =
  | { readonly key: string }
  | { readonly place: number }
  | { readonly keyOrPlace: string }
  /** `[*]` or `.*`: all there is in an array, or in an object. */
  | { readonly every: 'array' | 'object' };

export type JsonPath = readonly Step[];

const STEP = /\.("([^"]*)"|[^."[*]+)|\[(#-|-)?(\d+)\]|(\.\*|\[\*\])/y;

/** Throws a SqlError for what is no path, and for one of several places. */
export function jsonPath(text: string): JsonPath {
  const path = jsonPaths(text);
  if (isOfSeveral(path)) throw new SqlError(`the path ${JSON.stringify(text)} has a *, which only a constant may have`);
  return path;
}

export function isOfSeveral(path: JsonPath): boolean {
  return path.some((step) => 'every' in step);
}

/** Throws a SqlError for what is no path. */
export function jsonPaths(text: string): JsonPath {
  if (text.startsWith('/')) return pointerOf(text);
  if (!text.startsWith('$')) return text === '' ? [] : [{ key: text }];
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  for (let at = 1; at < text.length; at = STEP.lastIndex) {
    const match = STEP.exec(text);
    if (match === null)
      throw new SqlError(`the path ${JSON.stringify(text)} is none from ${JSON.stringify(text.slice(at))} on`);
    const [whole, key, quoted, fromEnd, place, every] = match;
    if (every !== undefined || quoted === '*') steps.push({ every: whole.startsWith('[') ? 'array' : 'object' });
    else if (key !== undefined) steps.push({ key: quoted ?? key });
    else steps.push({ place: fromEnd === undefined ? Number(place) : -Number(place) });
  }
  return steps;
}

/** Source: RFC 6901. */
function pointerOf(text: string): JsonPath {
  return text
    .slice(1)
    .split('/')
    .map((step) => ({ keyOrPlace: step.replaceAll('~1', '/').replaceAll('~0', '~') }));
}

/** All that a path with `*` leads to, in its order. */
export function nodesAt(root: JsonNode, path: JsonPath): readonly JsonNode[] {
  let nodes: readonly JsonNode[] = [root];
  for (const step of path)
    nodes = nodes.flatMap((node) => ('every' in step ? within(node, step) : (stepInto(node, step) ?? [])));
  return nodes;
}

function within(node: JsonNode, { every }: { readonly every: 'array' | 'object' }): readonly JsonNode[] {
  if (node.kind === 'array') return every === 'array' ? node.items : [];
  return node.kind === 'object' && every === 'object' ? node.entries.map(([, value]) => value) : [];
}

/** Undefined where there is nothing, or more than one place. */
export function nodeAt(root: JsonNode, path: JsonPath): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = stepInto(node, step);
  }
  return node;
}

function stepInto(node: JsonNode, step: Step): JsonNode | undefined {
  if (node.kind === 'object') {
    const key = 'key' in step ? step.key : 'keyOrPlace' in step ? step.keyOrPlace : null;
    return node.entries.find(([own]) => own === key)?.[1];
  }
  if (node.kind !== 'array' || 'key' in step || 'every' in step) return undefined;
  if ('keyOrPlace' in step)
    return /^(0|[1-9]\d*)$/.test(step.keyOrPlace) ? node.items[Number(step.keyOrPlace)] : undefined;
  return node.items.at(Object.is(step.place, -0) ? node.items.length : step.place);
}
