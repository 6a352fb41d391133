/** Runs the lines of test scripts, in file order, one control after another. */
import { ConfigError } from '../config/config-error.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { AS_JSON, createOriginWriter, type OriginWriter } from '../messages/origins.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { askedLengths, recordsOf, resume, scriptName } from '../sources/known-file.ts';
import { MAX_LINE_BYTES } from '../sources/lines.ts';
import { createPrefixHash } from '../sources/prefix-hash.ts';
import { readBeginnings } from '../workers/read-beginnings.ts';
import type { Driver } from './driver.ts';
import { createScriptReader, ScriptError, type ScriptStep, type ScriptStream } from './script.ts';
import { contentOf, contentOfLine, type ScriptInput, scriptLines } from './script-file.ts';

export interface ScriptCounts {
  /** Events and refused lines. */
  records: number;
  /** How many of them the journal had before. */
  already: number;
  /** How many the journal says that it had; null when it did not count them. */
  had: number | null;
  tombstones: number;
}

/** How many events between two controls become one commit, over all partitions. */
const STRETCH_RECORDS = 4096;
/** Throws a ConfigError with file and line for a control that can't be carried out; earlier lines stay. */
export async function runScript(
  driver: Driver,
  streams: readonly ScriptStream[],
  inputs: readonly ScriptInput[],
  flush: boolean,
  counts: ScriptCounts,
): Promise<void> {
  const name = scriptName(inputs.map(({ path }) => path));
  const known = driver.partitions.map((own) => own.known);
  // An end of input of an earlier version was a position of its own.
  const positions = driver.partitions.map((own) =>
    own.hasEnded && own.position > 0 && own.known.length === 0 ? own.position - 1 : own.position,
  );
  const file = { path: name, positions, known };
  const lengths = askedLengths(file);
  const resumed = resume(file, lengths.length === 0 ? new Map() : await readBeginnings(contentOf(inputs), lengths));
  const prefix = createPrefixHash(Number.POSITIVE_INFINITY);
  let bytes = 0;
  driver.goOn(resumed, prefix.prefix);
  counts.had = recordsOf(resumed);
  const steps = createSteps(driver, counts);
  let linesBefore = 0;
  for (const { stream, path } of inputs) {
    const read = createScriptReader(streams, stream);
    let lastLine = 0;
    for await (const own of scriptLines(path)) {
      const { line, number, length } = own;
      const content = contentOfLine(own);
      prefix.add(content);
      bytes += content.length;
      prefix.reach(bytes);
      lastLine = number;
      const step = length > MAX_LINE_BYTES ? tooLong(stream, line, length) : stepAt(path, number, () => read(line));
      await steps.take(step, linesBefore + number, { source: `file:${path}`, position: number });
    }
    linesBefore += lastLine;
  }
  await steps.end();
  if (flush) await driver.endOfInput();
}

export interface Steps {
  /** Takes a step. Positions rise; `origin` is for its dead letter. */
  take(step: ScriptStep, position: number, origin: Pick<DeadLetter, 'source' | 'position'>): Promise<void>;
  /** Everything so far is durable. */
  end(): Promise<void>;
}

/** Takes steps one after another: events go together until the next control. */
export function createSteps(driver: Driver, counts: ScriptCounts): Steps {
  const stretch = createStretch(driver);
  return {
    async take(step, position, origin) {
      if (step.kind === 'tombstone') {
        counts.tombstones += 1;
        const partition = step.partition ?? driver.partitionOfKey(step.stream, step.tombstone.key);
        if (!step.isOfTable || driver.hadAlready(step.stream, partition, position)) return;
        await stretch.end();
        driver.at(position);
        await driver.remove(step.stream, partition, step.tombstone);
      } else if (step.kind === 'event' || step.kind === 'refused') {
        counts.records += 1;
        const partition = step.kind === 'refused' ? 0 : (step.partition ?? driver.partitionOf(step.stream, step.event));
        if (driver.hadAlready(step.stream, partition, position)) counts.already += 1;
        else await stretch.add(step, partition, position, origin);
      } else {
        await stretch.end();
        await control(driver, step, position);
      }
    },
    end: stretch.end,
  };
}

type Control = Exclude<ScriptStep, { kind: 'event' | 'refused' | 'tombstone' }>;

async function control(driver: Driver, step: Control, position: number): Promise<void> {
  driver.at(position);
  // The clock is not in the journal, so it moves on even when the journal has its decisions.
  if (step.kind === 'advanceClock') return driver.advanceClock(step.byMs);
  // A partition does not get again what it has.
  const isNew = (stream: string, partition: number): boolean => !driver.hadAlready(stream, partition, position);
  switch (step.kind) {
    case 'watermark': {
      const all = step.partition === null ? driver.stream(step.stream).units.keys() : [step.partition];
      if (![...all].some((partition) => isNew(step.stream, partition))) return;
      return driver.advanceWatermark(step.stream, step.watermarkMs, step.partition ?? undefined);
    }
    case 'idle':
    case 'active':
      if (!isNew(step.stream, step.partition)) return;
      return driver.setIdle(step.stream, step.partition, step.kind === 'idle');
    case 'snapshot':
      return driver.isBehind(position) ? undefined : driver.snapshot();
    case 'restart':
      return driver.isBehind(position) ? undefined : driver.restart();
  }
}

interface Stretch {
  add(
    step: Extract<ScriptStep, { kind: 'event' | 'refused' }>,
    partition: number,
    position: number,
    origin: Pick<DeadLetter, 'source' | 'position'>,
  ): Promise<void>;
  /** Everything so far is durable. */
  end(): Promise<void>;
}

/** Gathers the events between two controls; those of one partition are committed together. */
function createStretch(driver: Driver): Stretch {
  interface Group {
    readonly stream: string;
    readonly partition: number;
    readonly events: DynamicEvent[];
    readonly origins: OriginWriter;
    readonly letters: DeadLetter[];
  }
  let groups = new Map<string, Group>();
  let records = 0;
  let lastStream = '';
  let lastSource = '';

  function groupOf(stream: string, partition: number): Group {
    const id = `${stream}/${partition}`;
    const group = groups.get(id) ?? {
      stream,
      partition,
      events: [],
      origins: createOriginWriter(),
      letters: [],
    };
    groups.set(id, group);
    return group;
  }
  async function pipe(): Promise<void> {
    const whole = groups;
    groups = new Map();
    records = 0;
    for (const { stream, partition, events, origins, letters } of whole.values()) {
      await driver.pipe(stream, partition, events, origins.take(lastSource, AS_JSON), letters);
    }
  }

  return {
    async add(step, partition, position, origin) {
      // A join sees events of its two streams in the order of the script.
      if (driver.hasJoins && step.stream !== lastStream && records > 0) {
        await pipe();
        await driver.settle();
      }
      lastStream = step.stream;
      if (origin.source !== lastSource && records > 0) await pipe();
      lastSource = origin.source;
      driver.at(position);
      if (step.kind === 'refused') {
        groupOf(step.stream, partition).letters.push({ stream: step.stream, ...origin, ...AS_JSON, ...step.letter });
      } else {
        const group = groupOf(step.stream, partition);
        group.events.push(step.event);
        group.origins.add(origin.position, step.raw);
      }
      records += 1;
      if (records >= STRETCH_RECORDS) await pipe();
    },
    async end() {
      if (records > 0) await pipe();
      await driver.settle();
    },
  };
}

function stepAt(path: string, line: number, read: () => ScriptStep): ScriptStep {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    throw new ConfigError([{ file: path, line, column: 1, path: '', message: error.message }]);
  }
}

function tooLong(stream: string, head: Buffer, length: number): ScriptStep {
  const detail = `the line has ${length} bytes; at most ${MAX_LINE_BYTES} are read`;
  return { kind: 'refused', stream, letter: { reason: 'too-large', detail, raw: head, rawLength: length } };
}
