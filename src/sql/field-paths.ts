/** The fields that an expression reads. */
import type { Checked } from './checked.ts';

/** Each path once, in the order of the text. */
export function fieldPaths(node: Checked): string[] {
  return [...new Set(pathsOf(node))];
}

function pathsOf(node: Checked): string[] {
  switch (node.kind) {
    case 'constant':
    case 'parameter':
      return [];
    case 'field':
      return [node.field.path];
    case 'not':
    case 'isNull':
    case 'isTruth':
    case 'cast':
    case 'like':
      return pathsOf(node.of);
    case 'and':
    case 'or':
    case 'concat':
      return node.of.flatMap(pathsOf);
    case 'compare':
    case 'distinct':
      return [node.left, node.right].flatMap(pathsOf);
    case 'in':
      return [node.of, ...node.values].flatMap(pathsOf);
    case 'compute':
      return [node.first, ...node.steps.map(({ operand }) => operand)].flatMap(pathsOf);
    case 'case':
      return [...node.branches.flatMap(({ when, result }) => [when, result]), node.otherwise].flatMap(pathsOf);
    case 'each':
      return [node.list, node.body, node.initial ?? []].flat().flatMap(pathsOf);
    case 'call':
      return node.args.flatMap(pathsOf);
  }
}
