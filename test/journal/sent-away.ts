/** Sends sealed segments of a log to a folder. */
import { basename, dirname } from 'node:path';
import { nodeFs } from '../../src/journal/fs.ts';
import { openReader } from '../../src/journal/open-reader.ts';
import { sendAway, type Tier, tierableSegments } from '../../src/journal/tier.ts';
import { folderPlace } from '../../src/places/folder-place.ts';

export function tierIn(folder: string): Tier {
  return { place: folderPlace(folder, 'none'), prefix: 'id', signal: new AbortController().signal };
}

const EVERYTHING = {
  beforeMs: Number.POSITIVE_INFINITY,
  maxBytes: 0,
  neededFrom: Number.POSITIVE_INFINITY,
  committedAtMs: async () => 0,
};

/** All that the rules let go; one that is damaged stays, and those behind it. Resolves with the offsets where those begin that went. */
export async function sendAll(directory: string, tier: Tier): Promise<number[]> {
  const reader = openReader({ kind: 'local', directory: dirname(directory) });
  const committedAtMs = async (base: number): Promise<number> => {
    const range = { fromOffset: base, toOffset: base + 1 };
    for await (const { commit } of reader.commits(basename(directory), range)) return commit.committedAt;
    return Number.POSITIVE_INFINITY;
  };
  const sent: number[] = [];
  for (const { firstOffset } of await tierableSegments(nodeFs, directory, EVERYTHING)) {
    try {
      await sendAway(nodeFs, directory, firstOffset, tier, committedAtMs);
    } catch {
      break;
    }
    sent.push(firstOffset);
  }
  return sent;
}
