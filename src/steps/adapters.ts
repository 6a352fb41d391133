/** The kinds of step that a job may have, in the order in which the pipeline file's schema names them: one line each. */
import { trainStep } from '../fraud/steps/train-step.ts';
import { checkStep } from './check.ts';
import { commandStep } from './command.ts';
import { exportStep } from './export.ts';
import { fetchStep } from './fetch.ts';
import { httpStep } from './http.ts';
import { moduleStep } from './module.ts';
import { sqlStep } from './sql.ts';
import { waitStep } from './wait.ts';

export const STEPS = [
  ...([fetchStep, waitStep, httpStep, sqlStep, checkStep, exportStep, trainStep, moduleStep, commandStep] as const),
] as const;
