/** Data directories of earlier versions: read as they are, and derived anew with the same result. */
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf, millrace, ROOT, startService, temporaryDirectory } from './millrace.ts';

const FIXTURES = join(ROOT, 'test/fixtures/data-399f744');
/** Of `test/fixtures/older/make.ts`. */
const OLDER = join(ROOT, 'test/fixtures/older');

/** Tables that a process writes about itself, and so differ from one start to the next. */
const OF_THE_PROCESS = /sqlite\.(actor_history|runs|alert_deliveries)$/;

function copyOf(name: string): string {
  const data = join(temporaryDirectory(), 'data');
  cpSync(join(FIXTURES, name), data, { recursive: true });
  return data;
}

function recordedDigest(name: string): string[] {
  const lines = readFileSync(join(FIXTURES, `${name}.digest`), 'utf8')
    .trim()
    .split('\n');
  return lines.filter((line) => !OF_THE_PROCESS.test(line));
}

describe.each(['demo', 'orders', 'kinds-http', 'kinds-run'])('the data directory %s of commit 399f744', (name) => {
  const config = join(FIXTURES, `${name}.yaml`);

  it('has the digest that it had then', async () => {
    // A table that is new since then has a line of its own.
    expect(await digestOf(copyOf(name))).toEqual(expect.arrayContaining(recordedDigest(name)));
  });

  it('is derived anew with the same result', async () => {
    const data = copyOf(name);
    const replayed = await millrace(['replay', '--config', config, '--data', data]);
    expect({ code: replayed.code, stderr: replayed.stderr }).toMatchObject({ code: 0 });
    expect(replayed.stdout + replayed.stderr).toContain('each is what the journal has');
  });

  it('is served, from its snapshots', async () => {
    const data = copyOf(name);
    const { child, url, ended } = await startService(['--config', config, '--data', data]);
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
    const verified = await millrace(['journal', 'verify', '--data', data]);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  });
});

describe('a data directory with texts that are not Unicode, which commit 399f744 took in', () => {
  const config = join(FIXTURES, 'poison.yaml');

  it('is queried, derived anew and digested, the same each time', async () => {
    const data = copyOf('poison');
    const before = await digestOf(data);
    const rows = await millrace(['query', '--store', 'duckdb', 'SELECT k, s FROM notes', '--data', data]);
    expect({ code: rows.code, stdout: rows.stdout }).toMatchObject({ stdout: expect.stringContaining('bad \uFFFD') });
    const replayed = await millrace(['replay', '--config', config, '--data', data]);
    expect(replayed.stdout + replayed.stderr).toContain('each is what the journal has');
    expect(await digestOf(data)).toEqual(before);
  });

  it('is served, and refuses such texts from then on', async () => {
    const { child, url, ended } = await startService(['--config', config, '--data', copyOf('poison')]);
    const stream = `${url}/api/v1/streams/notes`;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    const post = async (body: string, type: string) => {
      const bytes = Buffer.from(body, 'latin1');
      const answer = await fetch(`${stream}/events`, {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': type },
      });
      return answer.json();
    };
    const refused = { accepted: 1, deadLetters: 2 };
    expect(
      await post('{"k":"y","t":1}\n{"k":"x\\ud83d","t":1}\n{"k":"x\xff","t":1}', 'application/x-ndjson'),
    ).toMatchObject(refused);
    expect(
      await post('[{"k":"y","t":1},{"k":"x\\ud83d","t":1},{"k":"\\udc00","t":1}]', 'application/json'),
    ).toMatchObject(refused);
    expect(await post('[{"k":"x","t":1},{"k":"x\xff","t":1}]', 'application/json')).toMatchObject({
      error: 'not-json',
    });
    expect(await post('{"k":"x","t":2000}', 'application/json')).toMatchObject({ accepted: 1 });
    await expect.poll(async () => (await fetch(`${stream}/keys/x`)).status, { timeout: 20_000 }).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
  });
});

describe.each(readdirSync(OLDER).flatMap((file) => (file.endsWith('.json') ? [file.replace('.json', '')] : [])))(
  'the data directory of commit %s',
  (commit) => {
    const directory = temporaryDirectory();
    execFileSync('tar', ['-C', directory, '-xzf', join(OLDER, `${commit}.tar.gz`)]);
    const data = join(directory, commit, 'data');
    const said: { events: Record<string, number>; digest: string[] } = JSON.parse(
      readFileSync(join(OLDER, `${commit}.json`), 'utf8'),
    );

    it('has the events and the digests that it had then, and is derived anew with the same result', async () => {
      const { logs } = JSON.parse((await millrace(['journal', 'inspect', '--data', data, '--json'])).stdout);
      const events = logs.map(({ log, nextOffset }: { log: string; nextOffset: number }) => [log, nextOffset]);
      expect(Object.fromEntries(events)).toEqual(said.events);
      // The read models of then are there too.
      expect(await digestOf(data)).toEqual(
        expect.arrayContaining(said.digest.filter((line) => !OF_THE_PROCESS.test(line))),
      );
      const config = join(directory, commit, 'pipeline.yaml');
      const replayed = await millrace(['replay', '--config', config, '--data', data]);
      expect(replayed.stdout + replayed.stderr).toContain('each is what the journal has');
      expect(replayed.code).toBe(0);
    });
  },
);
