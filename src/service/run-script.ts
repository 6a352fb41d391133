/** Runs the lines of test scripts, in file order, one control after another. */
import { createReadStream } from 'node:fs';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ConfigError } from '../config/config.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { AS_JSON, createOriginWriter, type OriginWriter } from '../messages/origins.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { createLineSplitter, MAX_LINE_BYTES } from '../sources/lines.ts';
import type { Driver } from './driver.ts';
import { createScriptReader, ScriptError, type ScriptStep, type ScriptStream } from './script.ts';

export interface ScriptInput {
  readonly stream: string;
  /** Absolute path of a `.jsonl` file, or of one with `.gz`. */
  readonly path: string;
}

export interface ScriptCounts {
  /** Events and refused lines. */
  records: number;
  /** Of these, those that the journal had before. */
  already: number;
  tombstones: number;
}

/** Events of a stretch without controls that become one commit, over all partitions. */
const STRETCH_RECORDS = 4096;
/** Any word: a misspelt one is the script's author's to mend, not an event's unknown field. */
const CONTROL_WORD = /"\$[A-Za-z]+"\s*:/;
/** More than such a word has. */
const OVERLAP_BYTES = 64;

/** Whether any line may be a control: a quick look, no parse. */
export async function hasControls(path: string): Promise<boolean> {
  let tail = '';
  for await (const bytes of openLines(path)) {
    const chunk: Buffer = bytes;
    if (chunk.includes('"$') || tail.includes('"')) {
      if (CONTROL_WORD.test(tail + chunk.toString('latin1'))) return true;
    }
    tail = chunk.subarray(-OVERLAP_BYTES).toString('latin1');
  }
  return false;
}

/** Throws a ConfigError with file and line for a control that can't be done; what came before it stays. */
export async function runScript(
  driver: Driver,
  streams: readonly ScriptStream[],
  inputs: readonly ScriptInput[],
  flush: boolean,
  counts: ScriptCounts,
): Promise<void> {
  const steps = createSteps(driver, counts);
  let linesBefore = 0;
  for (const { stream, path } of inputs) {
    const read = createScriptReader(streams, stream);
    let lastLine = 0;
    for await (const { line, number, length } of scriptLines(path)) {
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
  /** Positions rise. `origin` is what a dead letter says. */
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
        if (!step.isOfTable || driver.isBehind(position)) return;
        await stretch.end();
        driver.at(position);
        await driver.remove(step.stream, step.partition, step.tombstone);
      } else if (step.kind === 'event' || step.kind === 'refused') {
        counts.records += 1;
        if (driver.isBehind(position)) counts.already += 1;
        else await stretch.add(step, position, origin);
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
  // The clock is not in the journal: it goes on although what it decided is there.
  if (step.kind === 'advanceClock') return driver.advanceClock(step.byMs);
  if (driver.isBehind(position)) return;
  switch (step.kind) {
    case 'watermark':
      return driver.advanceWatermark(step.stream, step.watermarkMs, step.partition ?? undefined);
    case 'idle':
    case 'active':
      return driver.setIdle(step.stream, step.partition, step.kind === 'idle');
    case 'snapshot':
      return driver.snapshot();
    case 'restart':
      return driver.restart();
  }
}

interface Stretch {
  add(
    step: Extract<ScriptStep, { kind: 'event' | 'refused' }>,
    position: number,
    origin: Pick<DeadLetter, 'source' | 'position'>,
  ): Promise<void>;
  /** Everything so far is durable. */
  end(): Promise<void>;
}

/** Events between two controls: those of one partition go together. */
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
    async add(step, position, origin) {
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
        groupOf(step.stream, 0).letters.push({ stream: step.stream, ...origin, ...AS_JSON, ...step.letter });
      } else {
        const partition = step.partition ?? driver.partitionOf(step.stream, step.event);
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

interface Line {
  /** Of a line that is too long, its beginning. */
  readonly line: Buffer;
  readonly number: number;
  readonly length: number;
}

/** Lines that are not empty. */
async function* scriptLines(path: string): AsyncGenerator<Line> {
  let lines: Line[] = [];
  const splitter = createLineSplitter({
    line(bytes, number) {
      if (bytes.length > 0) lines.push({ line: Buffer.from(bytes), number, length: bytes.length });
    },
    tooLong(head, length, number) {
      lines.push({ line: Buffer.from(head), number, length });
    },
  });
  for await (const bytes of openLines(path)) {
    splitter.push(bytes);
    yield* lines;
    lines = [];
  }
  splitter.end();
  yield* lines;
}

function openLines(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  return path.endsWith('.gz') ? pipeline(file, createGunzip(), new PassThrough(), () => {}) : file;
}
