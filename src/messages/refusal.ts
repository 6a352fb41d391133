/** Why a value is refused: a reason as a code and, for people, its path and the value found. */
import type { NOT_UNICODE } from './well-formed.ts';
import { writtenText } from './written-number.ts';

export type RejectReason =
  | 'not-json'
  | 'not-an-object'
  | 'missing-field'
  | 'unknown-field'
  | 'wrong-type'
  | 'null-key'
  | 'too-large'
  | 'invalid-time'
  | typeof NOT_UNICODE;

export const FAILED = Symbol('failed');

/** Returns FAILED after a call of `report.fail`. */
export type Read = (value: unknown) => unknown;

/** Why the last value was refused. The path grows from the inside out, and only when something is wrong. */
export interface Report {
  reason: RejectReason;
  problem: string;
  path: string[];
  depth: number;
}

const SHOWN_CHARACTERS = 60;

export function fail(report: Report, reason: RejectReason, problem: string): typeof FAILED {
  report.reason = reason;
  report.problem = problem;
  report.path = [];
  return FAILED;
}

export function wrong(report: Report, wanted: string, value: unknown): typeof FAILED {
  return fail(report, 'wrong-type', `must be ${wanted}: found ${shown(value)}`);
}

export function at(step: string, report: Report, failed: typeof FAILED): typeof FAILED {
  report.path.unshift(step);
  return failed;
}

/** The path as people write it: `order.items[2].price`; cut where the input's own names are very long. */
export function pathText(path: readonly string[]): string {
  return path.join('.').replaceAll('.[', '[').slice(0, 200);
}

export function shown(value: unknown): string {
  const written = writtenText(value);
  if (written !== null) return written.length > SHOWN_CHARACTERS ? `${written.slice(0, SHOWN_CHARACTERS)}…` : written;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
