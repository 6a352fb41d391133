/** Runs a command on a data directory: through the service that runs on it, or else by itself under the directory's lock. */
import { JournalError } from '../journal/error.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import { limited } from './channel.ts';
import { type Answered, askChannel, connectChannel } from './channel-client.ts';
import type { ChannelRequest } from './channel-protocol.ts';
import { CHANNEL_COMMANDS } from './channel-table.ts';
import { type Offline, openReadModels } from './offline.ts';

/** How long a starting service may hold the directory before it listens. */
const STARTING_MS = 5_000;
const STARTING_RETRY_MS = 100;

/**
 * Gives the rows as they come, and passes remarks to `note`. The command ends when the caller stops reading. `declared` are
 * stores of the pipeline file that may be asked while no service runs.
 */
export async function* askDirectory(
  dataDir: string,
  request: ChannelRequest,
  note: (message: string) => void,
  declared: readonly DeclaredStore[] = [],
): AsyncGenerator<Answered> {
  const until = performance.now() + STARTING_MS;
  for (;;) {
    const socket = await connectChannel(dataDir);
    if (socket !== null) return yield* askChannel(socket, request, note);
    try {
      const offline = await openReadModels(dataDir, () => {}, { declared, rebuild: false });
      return yield* askOffline(offline, request, note);
    } catch (error) {
      const isInUse = error instanceof JournalError && error.kind === 'in-use';
      if (!isInUse || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, STARTING_RETRY_MS));
  }
}

/** Answers without a service. The read models catch up first; the time limit holds for the command after that. */
async function* askOffline(
  offline: Offline,
  { command: name, request, timeoutMs, limit }: ChannelRequest,
  note: (message: string) => void,
): AsyncGenerator<Answered> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  try {
    const command = CHANNEL_COMMANDS.find((candidate) => candidate.name === name);
    if (command === undefined) throw new Error(`There is no command ${name}`);
    await offline.catchUp();
    const over = new Error(`${name} was stopped after its time limit of ${timeoutMs / 1000} s; see --timeout`);
    timer = setTimeout(() => abort.abort(over), timeoutMs);
    for await (const answered of limited(
      command.rows(offline.target, request, { signal: abort.signal, note }),
      limit,
    )) {
      yield answered;
    }
  } catch (error) {
    // The reason of the interruption says more than the interrupted query's own error.
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    if (timer !== null) clearTimeout(timer);
    await offline.close();
  }
}
