/**
 * Input channels, as Flink calls what an operator reads of one upstream partition: each has a watermark of its own. A log is
 * one input channel; where a partition takes several of its kinds of events, or the same for both sides of a join, each further
 * input is one beside it. The channel of commands, src/channel, is another thing.
 */

/** The first input of a log has the log's own name, as every input had before there were others. */
export function inputChannelOf(log: string, input: number): string {
  return input === 0 ? log : `${log}#${input}`;
}

export function logOfInputChannel(channel: string): string {
  return channel.split('#', 1)[0] ?? channel;
}
