/** The kinds of step that a job may have, in the order in which the pipeline file's schema names them: one line each. */
import { fetchStep } from './fetch.ts';

export const STEPS = [fetchStep] as const;
