/** The journal's commands as an operator types them, on what a real run left, damaged in one place. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf, finish, millrace, ROOT, spawnMillrace, temporaryDirectory } from './millrace.ts';

const [HEADER = '', ...LINES] = gunzipSync(
  readFileSync(join(ROOT, 'test/fixtures/handbook/transactions-2018-04-01.csv.gz')),
)
  .toString()
  .trimEnd()
  .split('\n');
/** More lines than a batch holds, so that there are several commits and snapshots. */
const REPEATED = 5;
const LOG = 'payments.transactions-1';
const SETTINGS = { MILLRACE__JOURNAL__SEGMENT: '32KB', MILLRACE__JOURNAL__SNAPSHOTEVENTS: '1' };

async function filled(...more: string[]): Promise<string> {
  const data = temporaryDirectory();
  const input = join(data, 'input.csv');
  writeFileSync(input, [HEADER, ...Array(REPEATED).fill(LINES).flat()].join('\n'));
  const words = [
    'run',
    '--config',
    'config/handbook.yaml',
    '--input',
    `payments.transactions=${input}`,
    '--data',
    data,
  ];
  expect((await millrace([...words, ...more], SETTINGS)).code).toBe(0);
  return data;
}

let data = '';
beforeAll(async () => {
  data = await filled();
});

const journal = (...words: string[]) => millrace(['journal', ...words, '--data', data]);

describe('millrace journal', () => {
  it('finds nothing wrong with what a run left, and shows it', async () => {
    const verified = await journal('verify');
    expect(verified.stdout).toContain('Everything is as it was written.');
    expect(verified.code).toBe(0);
    const inspected = await journal('inspect', '--json');
    const { logs, schemas } = JSON.parse(inspected.stdout);
    expect(logs.find(({ log }: { log: string }) => log === LOG)).toMatchObject({ tail: 'none', firstOffset: 0 });
    expect(schemas.map(({ name }: { name: string }) => name)).toContain('dev.millrace.Transaction');
  });

  it('prints events of a type, from an offset, up to a limit, and stops when nobody reads on', async () => {
    const { stdout, code } = await journal('cat', LOG, '--type', 'Transaction', '--from', '5', '--limit', '3');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.map(({ offset }) => offset)).toEqual([5, 6, 7]);
    expect(events[0]).toMatchObject({
      log: LOG,
      type: 'dev.millrace.Transaction',
      event: { amountCents: expect.any(Number) },
    });
    const child = spawnMillrace(['journal', 'cat', 'payments.transactions', '--data', data]);
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await finish(child)).toMatchObject({ code: 0, stderr: '' });
    expect(await journal('cat', 'nothing')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no stream or log nothing'),
    });
  });

  it('says where a flipped byte is, repairs it only when told to, and goes on', async () => {
    const directory = join(data, 'journal', LOG);
    const [first = ''] = readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .sort();
    const file = join(directory, first);
    const bytes = readFileSync(file);
    bytes[4000] = bytes[4000]! ^ 1;
    writeFileSync(file, bytes);

    const verified = await journal('verify');
    expect(verified.code).toBe(3);
    expect(verified.stdout).toMatch(
      new RegExp(`${file}, byte \\d+: a frame is damaged or missing; events \\d+ to \\d+ can't be read`),
    );
    const dry = await journal('repair', '--dry-run');
    expect(dry.stdout).toMatch(/would be written anew .*\n {2}lost: events \d+ to \d+/);
    expect(readFileSync(file)).toEqual(bytes);

    const repaired = await journal('repair');
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toContain('.removed');
    expect((await journal('verify')).code).toBe(0);
    // What was derived after the gap came from events that are gone: the replay says so, and rebuilds what there is.
    const replayed = await millrace(['replay', '--data', data]);
    expect([0, 3]).toContain(replayed.code);
    expect((await digestOf(data)).length).toBeGreaterThan(5);
  });

  it('drops old segments, and what is left is whole and derives the same again', async () => {
    const old = await filled('--partitions', '1');
    const before = await digestOf(old);
    const prune = (...words: string[]) => millrace(['journal', 'prune', '--size', '64KB', '--data', old, ...words]);
    expect((await prune('--dry-run')).stdout).toContain('These would go. Nothing was changed.');
    expect(await digestOf(old)).toEqual(before);
    expect((await prune()).stdout).toContain('These are gone.');
    expect((await millrace(['journal', 'verify', '--data', old])).code).toBe(0);
    const replayed = await millrace(['replay', '--data', old, '--json']);
    expect(replayed.code).toBe(0);
    const { rederived } = JSON.parse(replayed.stdout);
    expect(rederived.reduce((sum: number, { commits }: { commits: number }) => sum + commits, 0)).toBeGreaterThan(0);
  });

  it.each([
    [['journal', 'verfy'], 'did you mean journal verify?'],
    [['journal', 'verify', 'extra'], 'takes no further word'],
    [['journal', 'verify', '--limit', '3'], 'does not take --limit'],
    [['journal', 'prune'], 'say what may go'],
    [['journal', 'cat'], 'say of which stream or log'],
    [['journal', 'cat', 'x', '--from', '-1'], 'from'],
  ])('refuses %j', async (words, message) => {
    const { code, stderr } = await millrace([...words, '--data', data]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
