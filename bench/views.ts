/**
 * Views beside the windows and derived streams that one would write by hand, over the same events by turns: what an event
 * costs in a partition by CPU time, from its Avro to the results' Avro. `npm run bench -- views`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTIN_TYPES } from '../dist/builtin-types.js';
import type { Config } from '../dist/config/config.js';
import { loadConfig } from '../dist/config/load.js';
import { derivationOf } from '../dist/data-directory/derivations.js';
import type { Block } from '../dist/messages/block.js';
import { createRegistry } from '../dist/messages/registry.js';
import { OPERATOR_KINDS } from '../dist/operator-kinds/kinds.js';
import { createPartitionFold, derivationTypes, deriveAll } from '../dist/partition/derivation.js';

const EVENTS = 2_000_000;
const BATCH = 4096;
const KEYS = 1000;
const ROUNDS = 5;

const STREAM = `streams:
  pays: { schema: ./pay.avsc, key: customer, eventTime: at, watermark: { outOfOrderness: 1s } }
`;
const SCHEMA = {
  type: 'record',
  name: 'Pay',
  fields: [
    { name: 'customer', type: 'long' },
    { name: 'cents', type: 'long' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};

const CASES = [
  {
    name: 'window',
    view: `views:
  v: >
    SELECT customer, time_bucket(INTERVAL 1 MINUTE, at) AS minute, count(*) AS n, sum(cents) AS total, max(cents) AS largest
    FROM pays WHERE cents > 100 GROUP BY ALL
`,
    byHand: `windows:
  v:
    stream: pays
    window: { tumbling: 1m }
    where: cents > 100
    aggregate: { n: count(), total: sum(cents), largest: max(cents) }
`,
  },
  {
    name: 'derived stream',
    view: `views:
  v: SELECT customer, cents / 100 AS euros, cents % 7 AS rest FROM pays WHERE cents > 100
`,
    byHand: `derived:
  v: { stream: pays, where: cents > 100, select: { customer: customer, euros: cents / 100, rest: cents % 7 } }
`,
  },
] as const;

export function runViews(): object[] {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-views-'));
  try {
    writeFileSync(join(directory, 'pay.avsc'), JSON.stringify(SCHEMA));
    const configOf = (text: string): Config => {
      const file = join(directory, 'pipeline.yaml');
      writeFileSync(file, STREAM + text);
      return loadConfig(file, {});
    };
    return CASES.map(({ name, view, byHand }) => {
      const [one, other] = [configOf(view), configOf(byHand)];
      const own: number[] = [];
      const written: number[] = [];
      let results = '';
      // The first round is the compiler's.
      for (let round = 0; round <= ROUNDS; round++) {
        const [a, b] = [nsPerEvent(one), nsPerEvent(other)];
        results = `${a.results} and ${b.results}`;
        if (round > 0) own.push(a.ns);
        if (round > 0) written.push(b.ns);
      }
      return { name, 'view, ns an event': median(own), 'by hand, ns an event': median(written), results };
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function nsPerEvent(config: Config): { readonly ns: number; readonly results: number } {
  const [stream] = config.streams;
  if (stream === undefined) throw new Error('There is no stream');
  const derivation = derivationOf(config, stream);
  const types = derivationTypes(derivation, OPERATOR_KINDS);
  const registry = createRegistry(BUILTIN_TYPES);
  const [type] = types.inputs;
  for (const each of [type, ...types.operators.flatMap((operator) => operator.types.map((own) => own.type))])
    registry.add(each);
  const fold = createPartitionFold(derivation, types, 0, registry);
  const batches: Block[] = [];
  for (let first = 0; first < EVENTS; first += BATCH) {
    const events = Array.from({ length: BATCH }, (_, i) => {
      const n = first + i;
      return { customer: (n * 7919) % KEYS, cents: (n * 104_729) % 10_000, at: n };
    });
    batches.push(type.encodeBlock(events));
  }
  let results = 0;
  const before = process.cpuUsage();
  for (const [i, block] of batches.entries()) {
    const { commit } = fold.partition.apply(
      { source: 'bench', next: i, blocks: [block] },
      (steps) => deriveAll(fold, steps),
      0,
    );
    for (const { role, count } of commit.sections) if (role !== 'input') results += count;
  }
  const { user, system } = process.cpuUsage(before);
  return { ns: ((user + system) * 1000) / (batches.length * BATCH), results };
}

function median(values: number[]): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!);
}
