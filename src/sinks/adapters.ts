/** The kinds of sink that there are, in the order in which the pipeline file's schema names them: one line each. */
import { alertmanagerAdapter, pagerdutyAdapter, slackAdapter } from './alert-forms/adapters.ts';
import { kafkaSink } from './kafka/adapter.ts';
import { logAdapter } from './log/adapter.ts';
import { webhookAdapter } from './webhook/adapter.ts';

export const SINKS = [
  logAdapter,
  webhookAdapter,
  kafkaSink,
  alertmanagerAdapter,
  slackAdapter,
  pagerdutyAdapter,
] as const;
