/**
 * The tail of the journal as one sink reads it: in the order of each log, as far as there is room. It also knows the
 * position from which the sink goes on after a restart. A position passes an event only once the event is settled, or is
 * held by itself.
 */
import type { Pending } from '../actors/delivery-queue.ts';
import type { JournaledCommit } from '../journal/commit-reader.ts';
import type { Commit } from '../messages/commit.ts';
import type { SinkPosition } from '../messages/sink-facts.ts';
import type { Pipeline } from './pipeline.ts';
import { nextTurn } from './platform.ts';
import type { SinkEvents } from './sink-events.ts';

export interface Room {
  readonly events: number;
  readonly bytes: number;
}

export interface SinkTail {
  /** The next events, as many as there is room for; none at the journal's durable end. */
  read(room: Room): Promise<Pending[]>;
  settle(events: readonly Pending[]): void;
  /** The event leaves its place in the order. */
  hold(held: Place & { readonly since: number }): void;
  /** Takes a commit that has just become durable. Where the sink wants nothing in it, the commit is not read again. */
  passed(log: string, firstOffset: number, commit: Commit): void;
  position(): Pick<SinkPosition, 'logs' | 'held'>;
  /** Whether the tail has read everything that was durable when the tail was made. */
  hasCaughtUp(): boolean;
  /** Events that are durable in any of the logs, and not settled or passed. */
  lag(): number;
}

interface Place {
  readonly log: string;
  readonly offset: number;
}

export interface TailOptions {
  readonly pipeline: Pipeline;
  readonly events: SinkEvents;
  readonly position: Pick<SinkPosition, 'logs' | 'held'>;
  /** Whether an event is settled already, or not for the sink after all. */
  isDone(pending: Pending, newFrom: number): boolean;
  /** Called with events of a log that were removed before the sink had them. */
  onLost(log: string, fromOffset: number, toOffset: number): void;
}

interface Followed {
  readonly log: string;
  readonly durableOffset: () => number;
  readonly newFrom: number;
  /** Everything below this offset is read or passed. */
  next: number;
  /**
   * The commits that are being read, from `next` on. Closed after each read: a sink may wait for days, and no file should
   * stay open with it.
   */
  commits: AsyncGenerator<JournaledCommit> | null;
  /** The rest of the commit that is being read. */
  current: Generator<Pending> | null;
  currentEnd: number;
  /** Offsets that are read and not settled, in order. */
  readonly open: Set<number>;
  /** A run of commits in which the sink wants nothing. */
  quiet: { from: number; to: number };
  readonly endAtStart: number;
}

/** Commits that are looked through in one turn of the event loop. */
const COMMITS_A_TURN = 32;

export async function openSinkTail({ pipeline, events, position, isDone, onLost }: TailOptions): Promise<SinkTail> {
  const { reader, platform, operations } = pipeline;
  const followed = new Map<string, Followed>();
  const held = new Map<string, Place & { readonly since: number }>();
  /** Events that are held and not handed over yet. */
  const heldBack: string[] = [];
  const elsewhere = position.logs.filter(({ log }) => pipeline.units.every((unit) => unit.log.name !== log));
  let turn = 0;

  for (const { log } of pipeline.units) {
    if (operations.units.some((unit) => unit.log === log)) continue;
    const known = position.logs.find((entry) => entry.log === log.name);
    followed.set(log.name, {
      log: log.name,
      durableOffset: () => log.durableOffset(),
      newFrom: known?.newFrom ?? 0,
      next: known?.next ?? 0,
      commits: null,
      current: null,
      currentEnd: 0,
      open: new Set(),
      quiet: { from: 0, to: 0 },
      endAtStart: log.durableOffset(),
    });
  }
  for (const entry of position.held) hold(entry);

  function hold(entry: Place & { readonly since: number }): void {
    const place = placeOf(entry);
    if (held.has(place)) return;
    held.set(place, entry);
    heldBack.push(place);
  }

  /** The event at a place; null when the event is not in the journal any more, or not one of the sink's. */
  async function eventAt({ log, offset }: Place): Promise<Pending | null> {
    if (offset < (await reader.startOf(log))) {
      onLost(log, offset, offset + 1);
      return null;
    }
    for await (const found of reader.commits(log, { fromOffset: offset, toOffset: offset + 1 })) {
      for (const pending of events.of(log, found.offset, found.commit, offset)) {
        return pending.event.offset === offset ? pending : null;
      }
    }
    return null;
  }

  async function readHeld(room: Room, into: Pending[]): Promise<number> {
    let bytes = 0;
    while (heldBack.length > 0 && into.length < room.events && bytes < room.bytes) {
      const place = heldBack.shift() ?? '';
      const entry = held.get(place);
      if (entry === undefined) continue;
      const pending = await eventAt(entry);
      if (pending === null || isDone(pending, 0)) held.delete(place);
      else {
        into.push({ ...pending, event: { ...pending.event, isOutOfTurn: true }, sinceMs: entry.since });
        bytes += pending.event.json.length;
      }
    }
    return bytes;
  }

  /** The next event of the log below its durable end; null when there is none for now. */
  async function nextOf(log: Followed): Promise<Pending | null> {
    for (let commits = 1; ; commits++) {
      if (log.current !== null) {
        const { value, done } = log.current.next();
        if (done !== true) {
          const { offset } = value.event;
          log.next = offset + 1;
          if (isDone(value, log.newFrom) || held.has(placeOf(value.event))) continue;
          log.open.add(offset);
          return value;
        }
        log.current = null;
        log.next = log.currentEnd;
      }
      if (isQuiet(log)) {
        log.next = log.quiet.to;
        await close(log);
      }
      const toOffset = log.durableOffset();
      if (log.next >= toOffset) return null;
      if (log.commits === null) await skipLost(log);
      log.commits ??= reader.commits(log.log, { fromOffset: log.next, toOffset });
      const { value: next, done } = await log.commits.next();
      if (done === true) {
        log.commits = null;
        continue;
      }
      log.current = events.of(log.log, next.offset, next.commit, log.next);
      log.currentEnd = next.endOffset;
      if (commits % COMMITS_A_TURN === 0) await nextTurn(platform);
    }
  }

  /** Passes events that were removed, also those that were removed while the receiver did not answer. */
  async function skipLost(log: Followed, isNew = false): Promise<void> {
    const start = await reader.startOf(log.log);
    if (log.next >= start) return;
    if (!isNew) onLost(log.log, log.next, start);
    log.next = start;
  }

  for (const log of followed.values()) await skipLost(log, log.next === 0 && log.newFrom === 0);

  return {
    async read(room) {
      const read: Pending[] = [];
      let bytes = await readHeld(room, read);
      // Another log is the first each time, so that a log that grows without end keeps no other waiting.
      const logs = [...followed.values()];
      turn += 1;
      try {
        for (const [i] of logs.entries()) {
          const log = logs[(i + turn) % logs.length];
          while (log !== undefined && read.length < room.events && bytes < room.bytes) {
            const pending = await nextOf(log);
            if (pending === null) break;
            read.push(pending);
            bytes += pending.event.json.length;
          }
        }
      } finally {
        for (const log of logs) await close(log);
      }
      return read;
    },
    settle(settled) {
      for (const { event } of settled) {
        const { log, offset } = event;
        followed.get(log)?.open.delete(offset);
        held.delete(placeOf({ log, offset }));
      }
    },
    hold(entry) {
      const log = followed.get(entry.log);
      // An event that is on its way already stays there.
      if (log?.open.delete(entry.offset) === true) held.set(placeOf(entry), entry);
      else hold(entry);
    },
    passed(name, firstOffset, { stream, sections }) {
      const log = followed.get(name);
      if (log === undefined) return;
      const end = sections.reduce((offset, { count }) => offset + count, firstOffset);
      if (sections.some((section) => events.wants(stream, section))) log.quiet = { from: end, to: end };
      else if (log.quiet.to === firstOffset) log.quiet.to = end;
      else log.quiet = { from: firstOffset, to: end };
    },
    position() {
      const logs = [...followed.values()].map((own) => {
        const [first] = own.open;
        return { log: own.log, next: first ?? passedTo(own), newFrom: own.newFrom };
      });
      return { logs: [...logs, ...elsewhere], held: [...held.values()] };
    },
    hasCaughtUp: () =>
      heldBack.length === 0 && [...followed.values()].every(({ next, endAtStart }) => next >= endAtStart),
    lag() {
      let events = held.size;
      for (const log of followed.values()) events += log.open.size + Math.max(0, log.durableOffset() - passedTo(log));
      return events;
    },
  };
}

function isQuiet({ next, quiet }: Followed): boolean {
  return quiet.from <= next && next < quiet.to;
}

function passedTo(log: Followed): number {
  return log.current === null && isQuiet(log) ? log.quiet.to : log.next;
}

async function close(log: Followed): Promise<void> {
  await log.commits?.return(undefined);
  log.commits = null;
}

export function placeOf({ log, offset }: Place): string {
  return `${log}/${offset}`;
}
