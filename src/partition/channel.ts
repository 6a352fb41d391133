/**
 * Channels: what a partition reads of other logs, each with a watermark of its own. A log is one channel; where a partition
 * takes several of its kinds of events, or the same for both sides of a join, each further input is a channel beside it.
 */

/** The first input of a log has the log's own name, as every input had before there were others. */
export function channelOf(log: string, input: number): string {
  return input === 0 ? log : `${log}#${input}`;
}

export function logOfChannel(channel: string): string {
  return channel.split('#', 1)[0] ?? channel;
}
