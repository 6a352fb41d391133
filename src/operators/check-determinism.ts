/**
 * Whether an operator's results depend on nothing but its events and watermarks: a script is run whole, event by event, in
 * cuts, with restarts, and on several numbers of partitions, and each key's outputs and state are compared.
 */
import { exactJson } from '../messages/event-json.ts';
import type { Key, Row } from './definition.ts';
import { createOperatorRun, type OperatorRun, type TestOperatorOptions } from './test-operator.ts';

export type ScriptStep = { readonly stream: string; readonly event: object } | { readonly watermark: number };

interface Way {
  readonly partitions: number;
  /** Events in a batch, at most. */
  readonly batch: number;
  /** Batches from one restart to the next; 0 for none. */
  readonly restartEvery: number;
}

const FIRST: Way = { partitions: 1, batch: 1, restartEvery: 0 };
const WAYS: readonly Way[] = [
  FIRST,
  { partitions: 1, batch: Number.POSITIVE_INFINITY, restartEvery: 0 },
  { partitions: 1, batch: 3, restartEvery: 1 },
  { partitions: 2, batch: 7, restartEvery: 0 },
  { partitions: 3, batch: 2, restartEvery: 3 },
  { partitions: 8, batch: Number.POSITIVE_INFINITY, restartEvery: 2 },
];

/** Throws an Error that says where two runs differ. */
export function checkDeterminism(
  operator: unknown,
  options: TestOperatorOptions & { readonly script: readonly ScriptStep[] },
): void {
  const { script, ...rest } = options;
  const expected = resultsOf(operator, rest, script, FIRST);
  for (const way of WAYS) {
    const found = resultsOf(operator, rest, script, way);
    for (const what of new Set([...expected.keys(), ...found.keys()])) {
      const [before, now] = [expected.get(what) ?? 'nothing', found.get(what) ?? 'nothing'];
      if (before === now) continue;
      throw new Error(`${what} is not the same ${textOf(way)}: ${now}, where it was ${before}`);
    }
  }
}

function textOf({ partitions, batch, restartEvery }: Way): string {
  const batches = Number.isFinite(batch) ? `in batches of ${batch}` : 'in one batch a watermark';
  const restarts = restartEvery === 0 ? 'without a restart' : `with a restart after every ${restartEvery}`;
  return `on ${partitions} partitions, ${batches}, ${restarts}`;
}

/** JSON of each key's outputs and state, by output and key. */
function resultsOf(
  operator: unknown,
  options: TestOperatorOptions,
  script: readonly ScriptStep[],
  { partitions, batch, restartEvery }: Way,
): Map<string, string> {
  const run = createOperatorRun(operator, { ...options, partitions });
  const keys = new Set<Key>();
  const results = new Map<string, string>();
  let batches = 0;
  let waiting: object[] = [];
  let stream = '';

  function send(): void {
    if (waiting.length === 0) return;
    run.send(stream, waiting);
    waiting = [];
    batches += 1;
    if (restartEvery > 0 && batches % restartEvery === 0) run.restart();
  }
  for (const step of script) {
    if ('watermark' in step) {
      send();
      run.watermark(step.watermark);
      continue;
    }
    if (step.stream !== stream || waiting.length >= batch) send();
    stream = step.stream;
    waiting.push(step.event);
    keys.add(run.keyOf(stream, step.event));
  }
  send();
  run.endOfInput();
  gather(run, keys, results);
  return results;
}

function gather(run: OperatorRun, keys: ReadonlySet<Key>, results: Map<string, string>): void {
  for (const output of run.outputs()) {
    const byKey = new Map<string, Readonly<Row>[]>();
    for (const event of run.output(output)) {
      const key = exactJson(event.key);
      byKey.set(key, [...(byKey.get(key) ?? []), event]);
    }
    for (const [key, events] of byKey) results.set(`output ${output} of key ${key}`, jsonOf(events));
  }
  for (const key of keys) {
    results.set(`the state of key ${exactJson(key)}`, jsonOf([run.state(key), run.timers(key)]));
  }
  results.set('the broadcast state', jsonOf(run.broadcast()));
}

/** Maps and records in the order of their names. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'bigint') return `${member}`;
    if (typeof member !== 'object' || member === null || Array.isArray(member) || Buffer.isBuffer(member))
      return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
