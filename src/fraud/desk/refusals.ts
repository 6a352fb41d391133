/** Answers that several routes of the desk give. */
import type { Problem } from '../../http/problem.ts';

export const KEY_REUSED: Problem = {
  status: 422,
  error: 'key-reused',
  message: 'The Idempotency-Key was that of another command.',
  hint: 'Send a new key for each command, and the same one when you repeat it.',
};
