/** Every command of the local channel, one a line. */
import { type ChannelCommand, digestCommand, queryCommand } from './channel-commands.ts';
import { dlqListCommand, dlqReplayCommand, dlqShowCommand } from './dead-letters.ts';

export const CHANNEL_COMMANDS: readonly ChannelCommand[] = [
  queryCommand,
  digestCommand,
  dlqListCommand,
  dlqShowCommand,
  dlqReplayCommand,
];
