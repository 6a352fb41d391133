/** What the process of an attempt is told, and says. */
import type { LogLevel } from '../steps/step.ts';

export type ToStepProcess<Task> = { readonly kind: 'run'; readonly task: Task } | { readonly kind: 'cancel' };

export type FromStepProcess<End> =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string; readonly fields: Record<string, unknown> }
  | { readonly kind: 'end'; readonly end: End };

/** How long what is cancelled may take to put things in order. */
export const CANCEL_MS = 500;
