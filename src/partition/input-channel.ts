/**
 * Input channels: Flink's term for what an operator reads from one upstream partition. Each has a watermark of its own. A
 * log is one input channel. Where a partition takes several kinds of events from a log, or reads the log for both sides of
 * a join, each further input is a channel of its own beside the first. The channel of commands, src/channel, is another
 * thing.
 */

/** The first input of a log has the log's own name, as every input had before there were others. */
export function inputChannelOf(log: string, input: number): string {
  return input === 0 ? log : `${log}#${input}`;
}

export function logOfInputChannel(channel: string): string {
  return channel.split('#', 1)[0] ?? channel;
}
