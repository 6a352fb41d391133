/** The contract of a stream: what becomes of an event that has fields which its schema does not have. */
import { at, fail, type Report } from './refusal.ts';
import type { TimeOptions } from './times.ts';
import { writtenText } from './written-number.ts';

/** What becomes of a field that the schema does not have: the event is refused, goes on without it, or keeps it as JSON. */
export type UnknownFields = 'freeze' | 'discard' | { readonly evolve: string };

/** How JSON of a stream is read: its times, and what it has beyond the schema; `freeze` where that is not said. */
export interface JsonOptions extends TimeOptions {
  readonly contract?: UnknownFields;
}

/** Of an event that has more fields than its schema. */
export function withoutUnknown(
  fieldNames: readonly string[],
  report: Report,
  input: object,
  contract: UnknownFields,
): unknown {
  const all = Object.entries(input);
  const isKnown = ([name]: readonly [string, unknown]): boolean => fieldNames.includes(name);
  const unknown = all.filter((entry) => !isKnown(entry));
  const names = unknown.map(([name]) => name);
  if (contract === 'freeze' || (contract !== 'discard' && unknown.some(([name]) => name === '__proto__'))) {
    const what = names.length === 1 ? 'is not a field' : `and ${names.slice(1).join(', ')} are no fields`;
    return at(
      names[0] ?? '',
      report,
      fail(report, 'unknown-field', `${what} of the schema; known: ${fieldNames.join(', ')}`),
    );
  }
  const kept = Object.fromEntries(all.filter(isKnown));
  if (contract === 'discard') return kept;
  const rest = writtenJson(Object.fromEntries(unknown));
  // Read once more, with all digits.
  if (rest === null) return fail(report, 'too-large', 'has a number that a double does not hold');
  return { ...kept, [contract.evolve]: rest };
}

/** Null where JSON.parse may have rounded a number. Long numbers are texts. */
function writtenJson(value: object): string | null {
  let isRounded = false;
  const json = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'number' && Number.isInteger(each) && !Number.isSafeInteger(each)) isRounded = true;
    return writtenText(each) ?? each;
  });
  return isRounded ? null : json;
}
