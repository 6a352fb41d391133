/** Every command of the local channel: to add one is a line here. */
import { type ChannelCommand, digestCommand, queryCommand } from './channel-commands.ts';
import { dlqListCommand, dlqReplayCommand, dlqShowCommand } from './dead-letters.ts';

export const CHANNEL_COMMANDS: readonly ChannelCommand[] = [
  queryCommand,
  digestCommand,
  dlqListCommand,
  dlqShowCommand,
  dlqReplayCommand,
];
