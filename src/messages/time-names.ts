/** English names of months and days, whole or as three letters, in either case. */

export const MONTHS: readonly string[] = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november'],
  'december',
];
export const DAYS: readonly string[] = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

const LONGEST = 9;
const SHORT = 3;

/** The name that begins at a place, and where it ends; null when none does. */
export function namedAt(
  names: readonly string[],
  source: Uint8Array,
  at: number,
  end: number,
): { readonly index: number; readonly end: number } | null {
  const text = String.fromCharCode(...source.subarray(at, Math.min(end, at + LONGEST))).toLowerCase();
  const index = names.findIndex((name) => text.startsWith(name.slice(0, SHORT)));
  const name = names[index];
  if (name === undefined) return null;
  return { index, end: at + (text.startsWith(name) ? name.length : SHORT) };
}
