/** Words of commands about models, on every way they come. */
import type { ModelCommand } from '../model-schemas.ts';

export const MODEL_ACTIONS = [
  'promote',
  'challenge',
  'rollback',
  'withdraw',
] as const satisfies readonly ModelCommand['action'][];

export function modelActionOf(word: unknown): ModelCommand['action'] | undefined {
  return MODEL_ACTIONS.find((action) => action === word);
}

/** Null where none is given. */
export function thresholdOf(value: unknown): number | null | { readonly wrong: string } {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && value > 0 && value <= 1) return value;
  return { wrong: 'a threshold is a score above 0, up to 1' };
}
