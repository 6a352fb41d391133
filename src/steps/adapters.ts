/** The kinds of step that a job may have, in the order in which the pipeline file's schema names them: one line each. */
import { fetchStep } from './fetch.ts';
import { httpStep } from './http.ts';
import { waitStep } from './wait.ts';

export const STEPS = [fetchStep, waitStep, httpStep] as const;
