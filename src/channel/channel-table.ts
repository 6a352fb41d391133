/** Every command of the local channel, one a line. */

import { CASE_COMMANDS } from '../fraud/desk/channel.ts';
import { modelActCommand, modelRoundCommand } from '../fraud/desk/model-channel.ts';
import { backupHoldCommand } from './backup-hold.ts';
import { type ChannelCommand, digestCommand, queryCommand } from './channel-commands.ts';
import { dlqListCommand, dlqReplayCommand, dlqShowCommand } from './dead-letters.ts';
import { durableEndsCommand } from './durable-ends.ts';
import { explainCommand } from './explain.ts';
import { importCommand } from './import-files.ts';
import { jobActCommand, jobBackfillsCommand, jobListCommand, jobRunsCommand, jobStepsCommand } from './jobs.ts';

export const CHANNEL_COMMANDS: readonly ChannelCommand[] = [
  queryCommand,
  digestCommand,
  explainCommand,
  backupHoldCommand,
  dlqListCommand,
  dlqShowCommand,
  dlqReplayCommand,
  importCommand,
  durableEndsCommand,
  jobListCommand,
  jobRunsCommand,
  jobStepsCommand,
  jobBackfillsCommand,
  jobActCommand,
  ...CASE_COMMANDS,
  modelActCommand,
  modelRoundCommand,
];
