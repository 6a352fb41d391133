/**
 * A store that keeps, in order, which events of each log it was given, and says so when one is missing or comes twice.
 * What it commits outlives the process that wrote it.
 */
import { crc32 } from 'node:zlib';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { type Store, type TableDigest, WINDOW_RESULTS } from '../../src/projections/store.ts';
import { JOINS, OPERATORS, PAYMENTS } from './scenario.ts';
import type { World } from './world.ts';

/** Logs that hold outputs of operators or results of a join too, which no store takes: what is left out there is found when all is rebuilt. */
const HAS_MORE = new RegExp(`^(${[PAYMENTS, ...[...JOINS, ...OPERATORS].map(({ name }) => name)].join('|')})-\\d+$`);

interface Entry {
  readonly offset: number;
  readonly hash: number;
}

interface Content {
  readonly offsets: Map<string, number>;
  readonly entries: Map<string, Entry[]>;
}

export interface Ledger {
  /** `turn` resolves in a later step: a process may end between the commits of its two stores. */
  open(turn: () => Promise<void>): Store;
  delete(): void;
  keep(): void;
  setBack(): void;
}

export function createLedger(world: World): Ledger {
  let content: Content = { offsets: new Map(), entries: new Map() };
  let kept: Content = { offsets: new Map(), entries: new Map() };
  const copyOf = ({ offsets, entries }: Content): Content => ({
    offsets: new Map(offsets),
    entries: new Map([...entries].map(([log, own]) => [log, [...own]])),
  });

  function open(turn: () => Promise<void>): Store {
    const own = content;
    let staged: { readonly log: string; readonly entry: Entry }[] = [];
    const known = new Map(own.offsets);
    return {
      name: 'duckdb',
      offsets: () => known,
      wants: new Set([...BUILTIN_TYPES.map((type) => type.name), WINDOW_RESULTS]),
      async begin() {
        staged = [];
      },
      project(sections, { log }) {
        for (const { typeName, firstOffset, objects } of sections) {
          for (const [index, event] of objects().entries()) {
            const hash = crc32(`${typeName} ${JSON.stringify(event)}`);
            staged.push({ log, entry: { offset: firstOffset + index, hash } });
          }
        }
      },
      async commit(reached) {
        await turn();
        for (const { log, entry } of staged) {
          const entries = own.entries.get(log) ?? [];
          const expected = entries.at(-1)?.offset ?? -1;
          if (entry.offset <= expected || (entry.offset > expected + 1 && !HAS_MORE.test(log))) {
            world.broken('projections hold each event once', `${log}: offset ${entry.offset} follows on ${expected}`);
          }
          entries.push(entry);
          own.entries.set(log, entries);
        }
        staged = [];
        for (const [log, next] of reached) {
          own.offsets.set(log, next);
          known.set(log, next);
        }
      },
      async rollback() {
        staged = [];
      },
      query: async () => [],
      verify: async () => null,
      async digest() {
        return [...own.entries].sort().map(
          ([log, entries]): TableDigest => ({
            table: log,
            rows: entries.length,
            hash: crc32(entries.map(({ hash }) => hash).join()).toString(16),
          }),
        );
      },
      async close() {},
    };
  }
  return {
    open,
    delete() {
      content = { offsets: new Map(), entries: new Map() };
    },
    keep() {
      kept = copyOf(content);
    },
    setBack() {
      content = copyOf(kept);
    },
  };
}
