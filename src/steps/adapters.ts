/** The kinds of step that a job may have, in the order in which the pipeline file's schema names them: one line each. */
import { trainStep } from '../fraud/steps/train-step.ts';
import { backupStep } from './backup.ts';
import { checkStep } from './check.ts';
import { commandStep } from './command.ts';
import { drillStep } from './drill.ts';
import { exportStep } from './export.ts';
import { fetchStep } from './fetch.ts';
import { httpStep } from './http.ts';
import { moduleStep } from './module.ts';
import { sqlStep } from './sql.ts';
import { verifyStep } from './verify.ts';
import { waitStep } from './wait.ts';

export const STEPS = [
  ...([fetchStep, waitStep, httpStep, sqlStep, checkStep, exportStep, trainStep, moduleStep, commandStep] as const),
  ...([backupStep, drillStep, verifyStep] as const),
] as const;
