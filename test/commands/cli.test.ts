/** Exit codes and streams of the command line. The codes are the documented ones: 0, 1, 2, 3, 69, 78 (sysexits.h). */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { millrace } from './millrace.ts';

let dir: string;
const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('help', () => {
  test('goes to standard output when asked for, with exit code 0', async () => {
    for (const words of [['--help'], ['-h'], ['help']]) {
      const { code, stdout, stderr } = await millrace(words);
      expect([code, stderr]).toEqual([0, '']);
      for (const name of ['start', 'run', 'replay', 'query', 'digest', 'journal', 'config', 'doctor', 'bench']) {
        expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
      }
    }
  });

  test('goes to standard error with exit code 2 when no command is named', async () => {
    const { code, stdout, stderr } = await millrace([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('millrace COMMAND');
  });

  test.each(['journal', 'config', 'doctor'])('of %s lists its options, and is the same both ways', async (name) => {
    const [after, before] = await Promise.all([millrace([name, '--help']), millrace(['help', name])]);
    expect(after.code).toBe(0);
    expect(after.stdout).toContain('--json');
    expect(after.stdout).toContain('--config FILE');
    expect(before).toEqual(after);
  });

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await millrace(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('words that are not known', () => {
  test.each([
    [['confg'], 'there is no command confg; did you mean config?'],
    [['xyzzy'], 'there is no command xyzzy; see millrace --help'],
    [['constructor'], 'there is no command constructor'],
    [['--json', 'config'], 'the option --json stands before a command'],
    [['config'], 'say what to do: config validate, config print, config schema'],
    [['config', 'vlidate'], 'there is no config vlidate; did you mean config validate?'],
    [['config', 'validate', 'more'], 'config validate takes no further word; there was more'],
    [['config', 'validate', '--confg', 'x'], 'did you mean --config?'],
    [['config', 'validate', '--config'], "Option '--config <value>' argument missing"],
    [['config', 'print', '--no-environment'], '--no-environment goes with config validate'],
    [['journal', 'inspct'], 'there is no journal inspct; did you mean journal inspect?'],
  ])('%j: exit code 2 and one line on standard error', async (words, message) => {
    const { code, stdout, stderr } = await millrace(words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('config', () => {
  test.each(['demo', 'live', 'handbook'])('config/%s.yaml is valid, with and without an environment', async (name) => {
    const file = `config/${name}.yaml`;
    expect(await millrace(['config', 'validate', '--config', file])).toMatchObject({ code: 0, stderr: '' });
    expect(await millrace(['config', 'validate', '--no-environment', '--config', file])).toMatchObject({ code: 0 });
  });

  test('an invalid one exits with 78, and names every problem with its line', async () => {
    const file = write('bad.yaml', 'htp: 1\nstreams: {}\nlog: { level: loud }\n');
    expect(await millrace(['config', 'validate', '--config', file])).toEqual({
      code: 78,
      stdout: '',
      stderr:
        `${file}:1:1: htp: is not a key here; did you mean http?\n` +
        `${file}:3:8: log.level: must be one of debug, info, warn, error\n`,
    });
  });

  test('one that is not there exits with 78', async () => {
    const { code, stderr } = await millrace(['config', 'print', '--config', join(dir, 'none.yaml')]);
    expect([code, stderr]).toEqual([78, `${join(dir, 'none.yaml')}: does not exist\n`]);
  });

  test('validation without the environment does not miss its variables, but still finds what is wrong', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the pipeline file.
    const good = write('var.yaml', 'streams: {}\nhttp: { token: "${TOKEN_OF_NOBODY}" }\n');
    const words = ['config', 'validate', '--config'];
    expect(await millrace([...words, good])).toMatchObject({ code: 78 });
    expect(await millrace([...words, good, '--no-environment'])).toMatchObject({ code: 0 });
    const override = { MILLRACE__HTTP__PORT: 'x' };
    expect(await millrace([...words, 'config/demo.yaml'], override)).toMatchObject({ code: 78 });
    expect(await millrace([...words, 'config/demo.yaml', '--no-environment'], override)).toMatchObject({ code: 0 });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the pipeline file.
    const bad = write('bad-var.yaml', 'streams: {}\nhttp: { token: "${TOKEN_OF_NOBODY}", port: x }\n');
    expect(await millrace([...words, bad, '--no-environment'])).toMatchObject({ code: 78 });
  });

  test('an option is stronger than the environment', async () => {
    const words = ['config', 'print', '--json', '--data', '/tmp/by-option'];
    const { stdout } = await millrace(words, { MILLRACE__DATA: '/tmp/by-variable', MILLRACE__HTTP__PORT: '1234' });
    expect(JSON.parse(stdout)).toMatchObject({ dataDir: '/tmp/by-option', http: { port: 1234 } });
  });

  test('what is printed shows no secret', async () => {
    for (const extra of [[], ['--json']]) {
      const { code, stdout } = await millrace(['config', 'print', ...extra], { MILLRACE__HTTP__TOKEN: 's3cret' });
      expect([code, stdout.includes('s3cret'), stdout.includes('<redacted>')]).toEqual([0, false, true]);
    }
  });

  test('what is printed is valid again, and so are the defaults', async () => {
    for (const extra of [[], ['--defaults']]) {
      const { stdout } = await millrace(['config', 'print', ...extra]);
      const file = write('printed.yaml', stdout);
      expect(await millrace(['config', 'validate', '--config', file])).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('the schema is JSON Schema that knows the sections of a pipeline file', async () => {
    const schema = JSON.parse((await millrace(['config', 'schema'])).stdout);
    expect(schema.$schema).toMatch(/^https:\/\/json-schema\.org\//);
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['streams', 'windows', 'jobs', 'fraud', 'sinks']),
    );
    expect(schema.required).toEqual(['streams']);
  });
});

describe('journal inspect', () => {
  test('without a journal it is a failure with exit code 1, and nothing is created', async () => {
    const data = join(dir, 'empty');
    const { code, stdout, stderr } = await millrace(['journal', 'inspect', '--data', data]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(data);
    expect(existsSync(data)).toBe(false);
  });
});

describe('doctor', () => {
  test('finds a machine on which the service runs to be well, and leaves the data directory alone', async () => {
    const data = join(dir, 'doctor');
    const { code, stdout } = await millrace(['doctor', '--json', '--data', data, '--port', '0']);
    const checks: { check: string; ok: boolean }[] = JSON.parse(stdout);
    expect(checks.map(({ check, ok }) => [check, ok])).toEqual([
      ['node', true],
      ['configuration', true],
      ['limits', true],
      ['data directory', true],
      ['journal', true],
      ['clock', true],
      ['connections', true],
      ['read models', true],
      ['port', true],
    ]);
    expect([code, existsSync(data)]).toEqual([0, false]);
  });

  test('a port that is taken fails its check, with exit code 3', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const { code, stdout } = await millrace(['doctor', '--json', '--port', port, '--data', join(dir, 'taken')]);
    server.close();
    const failed = JSON.parse(stdout).filter(({ ok }: { ok: boolean }) => !ok);
    expect([code, failed.length, failed[0].check]).toEqual([3, 1, 'port']);
    expect(failed[0].detail).toContain(`127.0.0.1:${port} is in use`);
  });

  test('an invalid configuration fails its check and says why', async () => {
    const { code, stdout } = await millrace(['doctor', '--config', join(dir, 'none.yaml')]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^FAIL +configuration .*does not exist$/m);
  });
});

test('a reader that stops reading is no error', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const child = spawn(process.execPath, ['dist/main.js', 'config', 'schema'], { cwd: root });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, stderr]).toEqual([0, '']);
});
