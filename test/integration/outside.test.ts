/**
 * A project outside the repository: it is written by `millrace init` of the packed tarball, installed from that and from
 * npm's cache, built by its own tsc, tested and run. What a user gets is what is tested here, on the Node at hand.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { temporaryDirectory } from './millrace.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const directory = temporaryDirectory();
const project = join(directory, 'own');

function run(cwd: string, command: string, ...words: string[]): string {
  return execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** From the cache that `npm ci` of the repository has filled. */
const INSTALL = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];

let tarball = '';
beforeAll(() => {
  run(ROOT, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', directory);
  tarball = join(directory, readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '');
  const tool = join(directory, 'tool');
  cpSync(join(ROOT, 'examples/operator-project/package.json'), join(tool, 'package.json'));
  const manifest = JSON.parse(readFileSync(join(tool, 'package.json'), 'utf8'));
  writeFileSync(
    join(tool, 'package.json'),
    JSON.stringify({ ...manifest, dependencies: { millrace: `file:${tarball}` } }),
  );
  run(tool, 'npm', ...INSTALL);
  // Its native part was compiled, or fetched, for the repository; for a second time that takes minutes.
  const native = 'node_modules/better-sqlite3/build/Release';
  cpSync(join(ROOT, native, 'better_sqlite3.node'), join(tool, native, 'better_sqlite3.node'));
  run(tool, 'npx', '--no-install', 'millrace', 'init', project);
  cpSync(join(tool, 'node_modules'), join(project, 'node_modules'), { recursive: true, verbatimSymlinks: true });
}, 120_000);

it('the tarball has what a user needs, and no tests', () => {
  const files = run(directory, 'tar', '-tzf', tarball).trim().split('\n');
  expect(files.filter((path) => /\/(test|bench|\.ci)\/|\.map$|\.tsbuildinfo$|\.test\.js$/.test(path))).toEqual([]);
  for (const path of [
    'README.md',
    'LICENSE',
    'dist/main.js',
    'dist/millrace.d.ts',
    'config/demo.yaml',
    'docs/operators.md',
    'scripts/kafka',
  ]) {
    expect(files).toContain(`package/${path}`);
  }
  expect(statSync(tarball).size).toBeLessThan(1_850_000);
});

it('init writes a project once, and into no directory that has something', () => {
  const written = readdirSync(project);
  expect(written).toEqual(
    expect.arrayContaining(['README.md', 'package.json', 'pipeline.yaml', 'unpaid-orders.test.ts']),
  );
  expect(() => run(directory, 'tool/node_modules/.bin/millrace', 'init', project)).toThrow();
  expect(readdirSync(project)).toEqual(written);
});

it('the project builds and its tests pass', () => {
  expect(run(project, 'npm', 'test')).toMatch(/^# pass 2$|pass 2/m);
  expect(existsSync(join(project, 'build/unpaid-orders.js'))).toBe(true);
});

it('its types are those of the schemas: a wrong output does not compile', () => {
  const operator = join(project, 'unpaid-orders.ts');
  const text = readFileSync(operator, 'utf8');
  writeFileSync(operator, text.replace('amountCents: state.amountCents', 'amountCents: String(state.amountCents)'));
  expect(() => execFileSync('npx', ['tsc', '--noEmit'], { cwd: project, stdio: 'pipe' })).toThrow();
  writeFileSync(operator, text);
});

it('it runs over its file', () => {
  const lines = run(project, 'npm', 'start', '--silent').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { stream: 'unpaid.overdue', key: 'o2', amountCents: 400, ts: Date.parse('2026-01-05T09:20:00Z') },
    { stream: 'unpaid.overdue', key: 'o3', amountCents: 990, ts: Date.parse('2026-01-05T09:45:00Z') },
  ]);
});
