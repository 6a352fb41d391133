/** The actions on a case by the words that people write, and the bounds of their parameters. */
import { parseDuration } from '../../keys/units.ts';
import type { CaseCommand } from '../case-schemas.ts';

export const ACTIONS: Readonly<Record<string, CaseCommand['action']>> = {
  acknowledge: 'acknowledge',
  'take-over': 'takeOver',
  release: 'release',
  snooze: 'snooze',
  confirm: 'confirm',
  dismiss: 'dismiss',
};

const DAY_MS = 86_400_000;
/** A snooze, and a suppression: longer is no pause but a decision, which is a rule's or a model's to make. */
const LONGEST_MS = 366 * DAY_MS;
const WORDS_MAX = 2000;

/** How long, or why not, in words for people. */
export function durationOf(text: string | undefined): number | { readonly wrong: string } {
  if (text === undefined) return { wrong: 'say for how long, such as 2h or 7d' };
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) return { wrong: `${JSON.stringify(text)} is no time; write 2h or 7d` };
  if (ms > LONGEST_MS) return { wrong: `${text} is longer than 366d` };
  return ms;
}

/** Why a name or a note can't be taken; null when it can. */
export function wordsProblem(by: string, note: string): string | null {
  if (by.trim() === '') return 'say who asks';
  if (by.length > 200) return 'who asks has a name of at most 200 characters';
  return note.length > WORDS_MAX ? `a note has at most ${WORDS_MAX} characters` : null;
}
