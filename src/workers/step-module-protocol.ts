/** What the process of a step's module is told, and says. */

import type { LogLevel } from '../steps/step.ts';
import type { ModuleEnd, ModuleTask } from '../steps/step-process.ts';

export type ToStepModule = { readonly kind: 'run'; readonly task: ModuleTask } | { readonly kind: 'cancel' };

export type FromStepModule =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string; readonly fields: Record<string, unknown> }
  | { readonly kind: 'end'; readonly end: ModuleEnd };
