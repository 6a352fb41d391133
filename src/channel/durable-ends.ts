/** How far the logs of a running service are durable. Another process that reads the journal can't see that for itself. */
import { askChannel, connectChannel } from './channel-client.ts';
import { channelCommand } from './channel-commands.ts';

const NAME = 'durable ends';
const TIMEOUT_MS = 10_000;

export const durableEndsCommand = channelCommand({
  name: NAME,
  schema: {},
  async *rows({ running }) {
    yield (running?.pipeline.units ?? []).map(({ log }) => ({ log: log.name, end: log.durableOffset() }));
  },
});

/** The offset behind the last durable event, by log; null when no service runs there. */
export async function durableEnds(dataDir: string): Promise<ReadonlyMap<string, number> | null> {
  const socket = await connectChannel(dataDir);
  if (socket === null) return null;
  const request = { command: NAME, request: {}, timeoutMs: TIMEOUT_MS, limit: Number.MAX_SAFE_INTEGER };
  const ends = new Map<string, number>();
  for await (const { rows } of askChannel(socket, request, () => {})) {
    for (const { log, end } of rows) ends.set(String(log), Number(end));
  }
  return ends;
}
