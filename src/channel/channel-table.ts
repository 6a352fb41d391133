/** Every command of the local channel, one a line. */

import { CASE_COMMANDS } from '../fraud/desk/channel.ts';
import { backupHoldCommand } from './backup-hold.ts';
import { type ChannelCommand, digestCommand, queryCommand } from './channel-commands.ts';
import { dlqListCommand, dlqReplayCommand, dlqShowCommand } from './dead-letters.ts';

export const CHANNEL_COMMANDS: readonly ChannelCommand[] = [
  queryCommand,
  digestCommand,
  backupHoldCommand,
  dlqListCommand,
  dlqShowCommand,
  dlqReplayCommand,
  ...CASE_COMMANDS,
];
