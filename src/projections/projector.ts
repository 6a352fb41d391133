/**
 * The projector: reads the logs in order, decodes each section once, and hands it to every store that wants it and
 * has not got it. Rows and offsets commit together, so wherever it stops it goes on from there.
 */
import { readFrames } from '../journal/reader.ts';
import { decodeCommit, type Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { BUILTIN_TYPES } from '../messages/types.ts';
import type { Store, Where } from './store.ts';

/** A log, and the offset up to which it may be projected: its durable offset. */
export interface LogRange {
  readonly log: string;
  readonly toOffset: number;
}

export interface Projected {
  /** Events read, whichever store took them. */
  readonly events: number;
  /** Offset reached in each log. */
  readonly reached: Readonly<Record<string, number>>;
  /** True when nothing is left below the given offsets. */
  readonly caughtUp: boolean;
}

const READERS = new Map(BUILTIN_TYPES.map((type) => [type.name, type]));

/**
 * Projects up to about `maxEvents` events in one transaction a store. Rolls every store back and rethrows when a frame
 * can't be read or a store refuses.
 */
export async function projectLogs(
  journalDir: string,
  registry: Registry,
  stores: readonly Store[],
  ranges: readonly LogRange[],
  maxEvents: number,
): Promise<Projected> {
  try {
    for (const store of stores) await store.begin();
    const reached = new Map<string, number>();
    let events = 0;
    let caughtUp = true;
    for (const { log, toOffset } of ranges) {
      const from = Math.min(...stores.map((store) => store.offsets().get(log) ?? 0));
      let next = from;
      for (const frame of readFrames(journalDir, log, { fromOffset: from, toOffset })) {
        if (events >= maxEvents) {
          caughtUp = false;
          break;
        }
        const behind = stores.filter((store) => (store.offsets().get(log) ?? 0) <= frame.offset);
        projectCommit(registry, behind, log, frame.offset, frame.body);
        events += frame.count;
        next = frame.offset + frame.count;
      }
      if (next > from) reached.set(log, next);
    }
    for (const store of stores) {
      const ahead = [...reached].filter(([log, next]) => next > (store.offsets().get(log) ?? 0));
      await store.commit(new Map(ahead));
    }
    return { events, reached: Object.fromEntries(reached), caughtUp };
  } catch (error) {
    for (const store of stores) await store.rollback();
    throw error;
  }
}

function projectCommit(
  registry: Registry,
  stores: readonly Store[],
  log: string,
  offset: number,
  body: Uint8Array,
): void {
  const { stream, partition, sections } = decodeCommit(body);
  let firstOffset = offset;
  for (const section of sections) {
    const where: Where = { log, stream, partition, firstOffset };
    projectSection(registry, stores, section, where);
    firstOffset += section.count;
  }
}

/** Types that no store has a table for stay undecoded. */
function projectSection(registry: Registry, stores: readonly Store[], section: Section, where: Where): void {
  const name = registry.nameOf(section.fingerprint);
  if (name === undefined) return;
  const takers = stores.filter((store) => store.wants.has(name));
  const reader = READERS.get(name);
  if (takers.length === 0 || reader === undefined) return;
  const events = registry.decodeAs<unknown>(reader, section.fingerprint, section.bytes);
  for (const store of takers) store.project(name, events, where);
}
