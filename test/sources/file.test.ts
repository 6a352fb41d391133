import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Transaction, transactionSchema } from '../../src/fraud/schemas.ts';
import { fraudLabelType, transactionType } from '../../src/fraud/types.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { isComplete } from '../../src/run/run.ts';
import { createFileSource, type FileSourceOptions } from '../../src/sources/file/file.ts';
import { type Batch, InputError } from '../../src/sources/source.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import { startBatchPool } from '../../src/workers/pool.ts';
import { READ_AHEAD_CHUNKS } from '../../src/workers/read-input-protocol.ts';
import { containerFile } from './container.ts';
import { type RecordingIntake, type RecordingOptions, recordingIntake } from './recording-intake.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const HANDBOOK = fixture('handbook/transactions-2018-04-01.csv.gz');
const BAD = fixture('inputs/bad-transactions.jsonl');
const DAY_MS = 86_400_000;
const never = new AbortController().signal;

const pool = startBatchPool(1);
const directory = mkdtempSync(join(tmpdir(), 'millrace-file-source-'));
afterAll(async () => {
  await pool.close();
  rmSync(directory, { recursive: true });
});

/** The rows of the fixture, read as plainly as can be; line n of the file is rows[n - 2]. */
const rows = gunzipSync(readFileSync(HANDBOOK))
  .toString('utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [transactionId, occurredAt, customerId, terminalId, amountCents, fraud, scenario] = line.split(',');
    const transaction: Transaction = {
      transactionId: Number(transactionId),
      customerId: Number(customerId),
      terminalId: Number(terminalId),
      amountCents: Number(amountCents),
      occurredAt: Date.parse(occurredAt ?? ''),
    };
    return { transaction, fraud: fraud === '1', scenario: Number(scenario) };
  });
const transactions = rows.map(({ transaction }) => transaction);
const jsonLines = `${transactions.map((transaction) => JSON.stringify(transaction)).join('\n')}\n`;

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function source(path: string, change: Partial<FileSourceOptions> = {}) {
  return createFileSource({
    path,
    schema: transactionSchema,
    keyField: 'customerId',
    format: STANDARD_FORMAT,
    readInput: pool.readInput,
    ...change,
  });
}

async function read(path: string, options: Partial<RecordingOptions & FileSourceOptions> = {}) {
  const { partitions = 1, committed, admit, ...change } = options;
  const intake = recordingIntake({
    partitions,
    ...(committed === undefined ? {} : { committed }),
    ...(admit === undefined ? {} : { admit }),
  });
  const from = source(path, change);
  await from.run(intake, never);
  return { intake, counts: from.counts() };
}

const blocksOf = <T>(batches: readonly Batch[], type: { fingerprint: string; decodeBlock(bytes: Uint8Array): T[] }) =>
  batches.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.fingerprint === type.fingerprint ? type.decodeBlock(block.bytes) : [])),
  );
const eventsOf = (intake: RecordingIntake, partition: number) =>
  blocksOf(intake.batches[partition] ?? [], transactionType);
const lettersOf = (intake: RecordingIntake) => intake.batches.map((batches) => blocksOf(batches, deadLetterType));

describe('a file of the handbook', () => {
  test.each([1, 2, 8])('gives each of %i partitions its transactions, in the order of the file', async (partitions) => {
    const { intake, counts } = await read(HANDBOOK, { partitions });
    for (let partition = 0; partition < partitions; partition++) {
      expect(eventsOf(intake, partition)).toEqual(
        transactions.filter(({ customerId }) => partitionOf(customerId, partitions) === partition),
      );
    }
    expect(counts).toMatchObject({ records: 4000, skipped: 0 });
  });

  test('labels its frauds, known 7 days after them', async () => {
    const { intake } = await read(HANDBOOK);
    const expected = rows
      .filter(({ fraud }) => fraud)
      .map(({ transaction: { transactionId, customerId, terminalId, occurredAt }, scenario }) => ({
        transactionId,
        customerId,
        fraud: true,
        scenario,
        knownAt: occurredAt + 7 * DAY_MS,
        origin: 'handbook',
        terminalId,
        occurredAt,
      }));
    expect(expected.length).toBeGreaterThan(0);
    expect(blocksOf(intake.batches.flat(), fraudLabelType)).toEqual(expected);
  });

  test('names itself and the last line in each batch', async () => {
    const { intake } = await read(HANDBOOK, { partitions: 2 });
    for (const batches of intake.batches) {
      expect(batches.every(({ source: name }) => name === `file:${HANDBOOK}`)).toBe(true);
      expect(batches.at(-1)?.next).toBe(4001);
    }
  });
});

describe('the handbook in Parquet, as DuckDB writes it', () => {
  const path = join(directory, 'handbook.parquet');
  beforeAll(async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`COPY (FROM read_csv('${HANDBOOK}')) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
    instance.closeSync();
  });

  test('gives the events and the labels of its CSV, in the same batches', async () => {
    const [csv, parquet] = [await read(HANDBOOK, { partitions: 2 }), await read(path, { partitions: 2 })];
    expect(parquet.counts).toMatchObject({ records: 4000, skipped: 0 });
    for (const partition of [0, 1])
      expect(eventsOf(parquet.intake, partition)).toEqual(eventsOf(csv.intake, partition));
    const labelsOf = ({ intake }: typeof csv) => blocksOf(intake.batches.flat(), fraudLabelType);
    expect(labelsOf(parquet)).toEqual(labelsOf(csv));
  });

  test('goes on behind what its partitions have', async () => {
    const { intake, counts } = await read(path, { committed: [3990] });
    expect(eventsOf(intake, 0)).toEqual(transactions.slice(3990));
    expect(counts).toMatchObject({ records: 4000, skipped: 3990 });
  });
});

describe('the same transactions', () => {
  const deflated = containerFile(transactionType, [transactions.slice(0, 1500), transactions.slice(1500)], 'deflate');
  test.each([
    ['plain.csv', gunzipSync(readFileSync(HANDBOOK))],
    ['lines.jsonl', jsonLines],
    ['lines.jsonl.gz', gzipSync(jsonLines)],
    ['two-members.jsonl.gz', Buffer.concat([gzipSync(jsonLines.slice(0, 1000)), gzipSync(jsonLines.slice(1000))])],
    ['container.avro', containerFile(transactionType, [transactions], 'null')],
    ['deflated.avro', deflated],
    ['container.avro.gz', gzipSync(deflated)],
  ])('come out of %s', async (name, content) => {
    const { intake, counts } = await read(file(name, content));
    expect(eventsOf(intake, 0)).toEqual(transactions);
    expect(counts).toMatchObject({ records: 4000, skipped: 0 });
  });
});

describe('bad lines', () => {
  const lines = readFileSync(BAD, 'latin1').split(/\r?\n/);

  test('become dead letters of partition 0 with line, reason and bytes, and the good ones pass', async () => {
    const { intake, counts } = await read(BAD, { partitions: 2 });
    const [letters, others] = lettersOf(intake);
    expect(letters?.map(({ position, reason }) => [position, reason])).toEqual([
      [2, 'not-json'],
      [3, 'not-an-object'],
      [4, 'missing-field'],
      [6, 'unknown-field'],
      [7, 'wrong-type'],
      [8, 'null-key'],
      [9, 'too-large'],
      [10, 'invalid-time'],
      [11, 'not-json'],
    ]);
    for (const letter of letters ?? []) {
      expect(letter).toMatchObject({ stream: 'payments.transactions', source: `file:${BAD}` });
      expect(letter.raw.toString('latin1')).toBe(lines[letter.position - 1]);
      expect(letter.rawLength).toBe(letter.raw.length);
    }
    expect(others).toEqual([]);
    const events = [0, 1].flatMap((partition) => eventsOf(intake, partition));
    expect(events.map(({ transactionId }) => transactionId).sort((a, b) => a - b)).toEqual([1, 10]);
    // Twelve lines, one of them empty.
    expect(counts).toMatchObject({ records: 11, skipped: 0 });
  });

  test('of CSV name the column', async () => {
    const header = 'transaction_id,occurred_at,customer_id,terminal_id,amount_cents';
    const good = '1,2018-04-01T00:00:31Z,2,3,4';
    const path = file('bad.csv', `${header}\n${good}\n\n1,2018-04-01T00:00:31Z,2,3,many\n${good}`);
    const { intake } = await read(path);
    expect(eventsOf(intake, 0)).toHaveLength(2);
    expect(lettersOf(intake)[0]).toMatchObject([
      { position: 4, reason: 'wrong-type', detail: 'amount_cents must be a whole number: found "many"' },
    ]);
  });

  test.each(['long.jsonl', 'long.jsonl.gz'])('of 100 MB are one dead letter, and are never held: %s', async (name) => {
    const path = join(directory, name);
    const plain = join(directory, `${name}.plain`);
    const handle = await open(plain, 'w');
    const good = JSON.stringify(transactions[0]);
    await handle.write(`${good}\n`);
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let n = 0; n < 100; n++) await handle.write(piece);
    await handle.write(`\n${good}\n`);
    await handle.close();
    const packing = name.endsWith('.gz') ? createGzip({ level: 1 }) : new PassThrough();
    await pipeline(createReadStream(plain), packing, createWriteStream(path));

    // The worker's buffers are this process's: they all show in its resident memory.
    await read(HANDBOOK);
    const before = process.memoryUsage().rss;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss - before);
    }, 5);
    const { intake, counts } = await read(path);
    clearInterval(timer);
    expect(eventsOf(intake, 0)).toEqual([transactions[0], transactions[0]]);
    const [letters] = lettersOf(intake);
    expect(letters).toMatchObject([{ position: 2, reason: 'too-large', rawLength: 100 * 1024 * 1024 }]);
    expect(letters?.[0]?.raw).toEqual(piece.subarray(0, 65_536));
    expect(counts.records).toBe(3);
    expect(peak).toBeLessThan(64 * 1024 * 1024);
    rmSync(plain);
  });

  test('of a gzip bomb, 200 MB of zeros, are one dead letter', async () => {
    const zeros = gzipSync(Buffer.alloc(200_000_000));
    expect(zeros.length).toBeLessThan(300_000);
    const { intake } = await read(file('bomb.jsonl.gz', zeros));
    expect(lettersOf(intake)[0]).toMatchObject([{ position: 1, reason: 'too-large', rawLength: 200_000_000 }]);
  });

  test('without its key, of a container, is refused by itself', async () => {
    const schema = {
      type: 'record',
      name: 'Click',
      fields: [
        { name: 'userId', type: ['null', 'string'] },
        { name: 'at', type: 'long' },
      ],
    } as const;
    const { eventType } = await import('../../src/messages/codec.ts');
    const click = eventType(schema);
    const clicks = [
      { userId: 'a', at: 1 },
      { userId: null, at: 2 },
      { userId: 'b', at: 3 },
    ];
    const path = file('clicks.avro', containerFile(click, [clicks], 'null'));
    const { intake } = await read(path, { schema, keyField: 'userId' });
    expect(blocksOf(intake.batches.flat(), click)).toEqual([clicks[0], clicks[2]]);
    expect(lettersOf(intake)[0]).toMatchObject([{ position: 2, reason: 'null-key' }]);
  });
});

test('a container of long records is given in batches of a bounded size, and a record beyond a line is a dead letter', async () => {
  const schema = {
    type: 'record',
    name: 'Long',
    fields: [
      { name: 'key', type: 'int' },
      { name: 'text', type: 'string' },
    ],
  } as const;
  const { eventType } = await import('../../src/messages/codec.ts');
  const type = eventType(schema);
  const events = Array.from({ length: 120 }, (_, key) => ({ key, text: 'x'.repeat(key === 7 ? 2 ** 20 : 250_000) }));
  const { intake } = await read(file('long.avro', containerFile(type, [events], 'deflate')), {
    schema,
    keyField: 'key',
  });
  const sizes = intake.batches.flat().map(({ blocks }) => blocks.reduce((sum, { bytes }) => sum + bytes.length, 0));
  expect(Math.max(...sizes)).toBeLessThan(10 * 1024 * 1024);
  expect(blocksOf(intake.batches.flat(), type)).toEqual(events.filter(({ key }) => key !== 7));
  expect(lettersOf(intake)[0]).toMatchObject([{ position: 8, reason: 'too-large', rawLength: 2 ** 20 + 5 }]);
});

describe('a file that was read in part', () => {
  test('gives exactly what its partitions have not got', async () => {
    const csv = [HANDBOOK, rows.map(({ transaction }, n) => ({ transaction, line: n + 2 }))] as const;
    const avro = [
      file('resume.avro', containerFile(transactionType, [transactions], 'null')),
      rows.map(({ transaction }, n) => ({ transaction, line: n + 1 })),
    ] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(csv, avro),
        fc.array(fc.nat({ max: 4000 }), { minLength: 1, maxLength: 4 }),
        async ([path, lines], committed) => {
          const partitions = committed.length;
          const { intake, counts } = await read(path, { partitions, committed });
          let given = 0;
          for (const [partition, position] of committed.entries()) {
            const expected = lines
              .filter(({ transaction }) => partitionOf(transaction.customerId, partitions) === partition)
              .filter(({ line }) => line > position)
              .map(({ transaction }) => transaction);
            expect(eventsOf(intake, partition)).toEqual(expected);
            given += expected.length;
          }
          expect(counts).toMatchObject({ records: 4000, skipped: 4000 - given });
        },
      ),
      { numRuns: 20 },
    );
  });

  test('does not give a dead letter again that partition 0 has', async () => {
    const { intake } = await read(BAD, { partitions: 2, committed: [7, 0] });
    expect(lettersOf(intake)[0]?.map(({ position }) => position)).toEqual([8, 9, 10, 11]);
  });

  test('is not the file that was there when it has fewer lines', async () => {
    await expect(read(BAD, { partitions: 2, committed: [12, 900] })).rejects.toThrow(
      'has 12 lines, but partition 1 has committed 900 of it: it is not the same file',
    );
  });
});

test('records that the log has not counted, and that are behind its position all the same, do not add up', async () => {
  const lines = jsonLines.split('\n').slice(0, 9);
  const path = file('balance.jsonl', `${lines.join('\n')}\n`);
  const begun = `${lines.slice(0, 5).join('\n')}\n`;
  const place = { path, partitions: 1, lines: 5, bytes: begun.length, isCut: false };
  const sha256 = createHash('sha256').update(begun).digest('hex');
  const balance = async (records: number) => {
    const intake = recordingIntake({ partitions: 1, committed: [5], files: [{ ...place, sha256, records }] });
    const from = source(path);
    await from.run(intake, never);
    const { records: read, already } = from.counts();
    return isComplete({ in: read, already, committed: eventsOf(intake, 0).length, deadLetters: 0 });
  };
  expect(await balance(5)).toBe(true);
  // As when the end of a file was a position: a line that came after it was taken for one that was there.
  expect(await balance(4)).toBe(false);
});

describe('a file of a directory of version 399f744, which had its end as a position of its own', () => {
  const ended = (lines: number, partitions = 2) => {
    const path = file(`ended-${lines}.jsonl`, jsonLines.split('\n').slice(0, lines).join('\n'));
    const intake = recordingIntake({ partitions, committed: Array(partitions).fill(101), ended: true });
    return { intake, run: () => source(path).run(intake, never) };
  };

  test('is read to its end when it has not grown', async () => {
    const { intake, run } = ended(100);
    await run();
    expect(intake.batches.flat()).toEqual([]);
  });

  test.each([101, 102, 200])('is refused when it has: to %i lines', async (lines) => {
    const { intake, run } = ended(lines);
    await expect(run()).rejects.toThrow(/an earlier version of millrace ended its input for good/);
    expect(intake.batches.flat()).toEqual([]);
  });

  test('is refused when it has shrunk', async () => {
    await expect(ended(99).run()).rejects.toThrow(/has 99 lines, but partition 0 has committed 100/);
  });
});

describe('a file that can not be read', () => {
  const header = 'transaction_id,occurred_at,customer_id,terminal_id,amount_cents,colour\n';
  const container = containerFile(transactionType, [transactions.slice(0, 50), transactions.slice(50, 100)], 'null');

  test.each([
    ['missing.jsonl', null, 'ENOENT'],
    ['columns.csv', header, 'line 1: the column colour is no field of Transaction'],
    ['not-packed.jsonl.gz', '{}', 'incorrect header check'],
    ['cut.jsonl.gz', gzipSync(jsonLines).subarray(0, 20_000), 'unexpected end of file'],
    ['not.parquet', 'transaction_id\n', 'No magic bytes'],
    ['not-a-container.avro', 'transaction_id\n', 'does not begin as an Avro object container'],
    ['empty.avro', '', 'cut off'],
    ['cut-header.avro', container.subarray(0, 40), 'cut off'],
    ['cut.avro', container.subarray(0, container.length - 30), 'cut off'],
    [
      'damaged.avro',
      Buffer.from(container).fill(0, container.length - 16),
      'is damaged: it does not end as blocks of its file do',
    ],
  ])('fails with its path and the reason: %s', async (name, content, message) => {
    const path = content === null ? join(directory, name) : file(name, content);
    const reading = read(path);
    await expect(reading).rejects.toBeInstanceOf(InputError);
    await expect(reading).rejects.toThrow(path);
    await expect(reading).rejects.toThrow(message);
  });
});

describe('reading', () => {
  test('is at most a few chunks ahead of the partitions', async () => {
    let ahead = 0;
    let most = 0;
    const { intake } = await read(HANDBOOK, {
      partitions: 2,
      admit: () => new Promise((resolve) => setTimeout(resolve, 1)),
      readInput: (task, onMessage, signal) => {
        const reading = pool.readInput(
          task,
          (message) => {
            if (message.kind === 'chunk') most = Math.max(most, ++ahead);
            onMessage(message);
          },
          signal,
        );
        return {
          done: reading.done,
          grant() {
            ahead -= 1;
            reading.grant();
          },
        };
      },
    });
    expect(eventsOf(intake, 0).length + eventsOf(intake, 1).length).toBe(4000);
    expect(most).toBeLessThanOrEqual(READ_AHEAD_CHUNKS);
  });

  test('fails with the reason of a partition that refuses, and a restart goes on behind what was taken', async () => {
    const many = file('many.jsonl', jsonLines.repeat(5));
    let taken = 0;
    const intake = recordingIntake({
      partitions: 1,
      async admit() {
        if (++taken === 3) throw new Error('disk full');
      },
    });
    const from = source(many);
    await expect(from.run(intake, never)).rejects.toThrow('disk full');
    expect(intake.batches[0]).toHaveLength(2);
    await from.run(intake, never);
    expect(eventsOf(intake, 0)).toEqual(Array.from({ length: 5 }, () => transactions).flat());
  });

  test('ends quietly when it is told to stop', async () => {
    const many = file('stop.jsonl', jsonLines.repeat(20));
    const stop = new AbortController();
    const intake = recordingIntake({ partitions: 1, admit: async () => stop.abort() });
    await source(many).run(intake, stop.signal);
    expect(eventsOf(intake, 0).length).toBeLessThan(80_000);
  });
});
