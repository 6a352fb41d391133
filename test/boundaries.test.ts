/** The rooms of the house and their doors, read off the syntax of every file, and seen to fail for each kind of break. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { domainWords } from './boundaries/domain-words.ts';
import { unusedExports } from './boundaries/exports.ts';
import { ROOMS, roomOf } from './boundaries/rooms.ts';
import { check, type Finding } from './boundaries/rules.ts';
import { readSource, readTree, type SourceFile } from './boundaries/source-file.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['src', 'test', 'bench', 'scripts'];
/** By npm, the compiler and the service. */
const MADE = ['node_modules', 'dist', 'data'];

/** The sources of what package.json exports. */
function published(): string[] {
  const { exports }: { exports: Record<string, { default: string }> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  return Object.values(exports).map((each) => each.default.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts'));
}

let files: readonly SourceFile[] = [];
beforeAll(() => {
  files = readTree(ROOT, FOLDERS);
}, 240_000);

describe('the tree', () => {
  it('holds to the rooms, their doors and the rules of a file', () => {
    const found = check(files).map(({ file, line, rule, what }) => `${file}:${line} ${rule}: ${what}`);
    expect(found).toEqual([]);
  });

  it('has at its top what belongs there and no scratch', () => {
    const known = [...FOLDERS, ...MADE, 'config', 'deploy', 'docs', 'examples', 'LICENSE', 'README.md'];
    const own = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !/^(package.*|tsconfig)\.json$/.test(name));
    expect(own.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has engine rooms that name no word of a domain', () => {
    const found = files.flatMap(({ path }) => domainWords(path, readFileSync(join(ROOT, path), 'utf8')));
    expect(found).toEqual([]);
    expect(domainWords('src/streams/x.ts', 'one\nof a customer')).toEqual(['src/streams/x.ts:2 customer']);
  });

  it('exports nothing that nobody imports', () => {
    const setups = [
      'test/built-workers.ts',
      'test/kafka/broker/one-broker.ts',
      'test/stores/one-postgres.ts',
      'test/stores/one-s3.ts',
    ];
    const unused = unusedExports(files, [...published(), ...setups]);
    expect(unused.map(({ file, line, name }) => `${file}:${line} ${name}`)).toEqual([]);
  });

  it('was read whole: a parser that sees nothing finds nothing', () => {
    const importsOf = (path: string) => files.find((file) => file.path === path)?.imports.map((each) => each.specifier);
    expect(importsOf('src/messages/codec.ts')).toContain('avsc');
    expect(importsOf('src/command-list.ts')).toContain('./commands/start.ts');
    expect(files.length).toBeGreaterThan(200);
    const rooms = new Set(files.filter(({ path }) => path.startsWith('src/')).map(({ path }) => roomOf(path.slice(4))));
    // Rooms that the design has and nobody has moved into yet.
    for (const room of ['quality']) rooms.add(room);
    expect([...rooms].filter((room) => !room.endsWith('.json')).sort()).toEqual(Object.keys(ROOMS).sort());
  });
});

/** Breaks by file: the text, and what must be found there. */
const PLANTED: Readonly<Record<string, readonly [text: string, ...found: string[]]>> = {
  'src/streams/layer.ts': ["import { a } from '../journal/log.ts';\nexport const b = a;\n", '1 direction'],
  'src/streams/layer-type.ts': ["\nimport type { A } from '../journal/log.ts';\nexport type B = A;\n", '2 direction'],
  'src/streams/layer-import-type.ts': ["export type B = import('../journal/log.ts').A;\n", '1 direction'],
  'src/fraud/layer-lazy.ts': ["export const a = () => import('../weather/units.ts');\n", '1 direction'],
  'src/journal/layer-passed-on.ts': [
    "const b = 1;\nexport { a } from '../actors/a.ts';\nexport { b };\n",
    '2 direction',
  ],
  'src/journal/layer-worker.ts': ["export const a = new URL('../workers/a.ts', import.meta.url);\n", '1 direction'],
  'src/workers/frames.ts': ["import { a } from '../journal/frame-reader.ts';\nexport const b = a;\n", '1 direction'],
  'src/actors/not-a-port.ts': ["import { a } from '../sources/kafka.ts';\nexport const b = a;\n", '1 direction'],
  'src/actors/port.ts': ["import type { A } from '../sources/source.ts';\nexport type B = A;\n"],
  'src/http/public/reach.js': ["import { a } from '../view.ts';\nexport const b = a;\n", '1 direction'],
  'src/journal/outside.ts': ["import { a } from '../../test/a.ts';\nexport const b = a;\n", '1 direction'],
  'src/attic/new-room.ts': ['export const a = 1;\n', '1 room'],
  'src/journal/circle-a.ts': ["import type { B } from './circle-b.ts';\nexport type A = B;\n", '1 circle'],
  'src/journal/circle-b.ts': ["import { c } from './circle-c.ts';\nexport type B = typeof c;\n"],
  'src/journal/circle-c.ts': ["import type { A } from './circle-a.ts';\nexport const c: A | 1 = 1;\n"],
  'src/journal/circle-self.ts': ["import type { A } from './circle-self.ts';\nexport type B = A;\n", '1 circle'],
  'src/http/package.ts': ["import Database from 'better-sqlite3';\nexport const b = Database;\n", '1 package'],
  'src/messages/package-file.ts': ["import type avsc from 'avsc';\nexport type B = typeof avsc;\n", '1 package'],
  'src/http/package-path.ts': ["import '@duckdb/node-api/lib/x.js';\nexport const b = 1;\n", '1 package'],
  'src/journal/package-unknown.ts': ["import _ from 'lodash';\nexport const b = _;\n", '1 package'],
  'src/journal/package-required.ts': [
    "export const a = createRequire(import.meta.url).resolve('uplot');\n",
    '1 package',
  ],
  'src/journal/computed.ts': ['export const a = (name) => import(`./a-$' + '{name}.ts`);\n', '1 computed-import'],
  'src/streams/disk.ts': ["import { readFileSync } from 'node:fs';\nexport const b = readFileSync;\n", '1 builtin'],
  'src/streams/clock.ts': ['export const a = { nowMs: Date.now };\n', '1 clock'],
  'src/streams/clock-new.ts': [
    '// Date.now()\nexport const a = [new Date(), new Date(0), Date.UTC(2026)];\n',
    '2 clock',
  ],
  'src/streams/clock-taken.ts': ["const { now } = Date;\nexport const a = [now, 'Date.now()'];\n", '1 clock'],
  'src/actors/chance.ts': ['export const a = () => Math.random() + Math.max(1, 2);\n', '1 clock'],
  'src/weather/chance-imported.ts': [
    "import { randomUUID as id } from 'node:crypto';\nexport const a = id;\n",
    '1 clock',
  ],
  'src/fraud/wait.ts': ['export const a = () => setTimeout(() => {}, 5);\n', '1 effect'],
  'src/journal/barrel.ts': [
    "import { b } from './segment.ts';\nexport * from './log.ts';\nexport { b };\n",
    '1 barrel',
  ],
  'src/journal/no-barrel.ts': ["export type { A } from './log.ts';\nexport const b = 1;\n"],
  'src/journal/helpers.ts': ['export const a = 1;\n', '1 name'],
  'src/journal/utils/path.ts': ['export const a = 1;\n', '1 name'],
  'src/journal/index.ts': ['export const a = 1;\n', '1 name'],
  'src/journal/long.ts': ['export const a = 1;\n'.repeat(301), '301 length'],
  'src/journal/not-long.ts': [`export const a = 1;\n${'\n'.repeat(299)}`],
  'src/journal/any.ts': ['export const many = "any";\nexport const a: any[] = [];\n', '2 any'],
  'src/journal/cast.ts': ['export const a = 1 as unknown as string;\n', '1 double-cast'],
  'test/journal/any.test.ts': ['export const a: any = 1 as unknown as string;\n', '1 any'],
};

describe('a break', () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-boundaries-'));
  let found: Finding[] = [];
  beforeAll(() => {
    for (const [path, [text]] of Object.entries(PLANTED)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    found = check([...files.filter(({ path }) => path.startsWith('src/')), ...readTree(root, FOLDERS)]);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each(Object.entries(PLANTED))(
    'in %s is found there, by its rule, and nothing else is',
    (path, [, ...expected]) => {
      const here = found.filter(({ file }) => file === path);
      expect(here.map(({ line, rule }) => `${line} ${rule}`)).toEqual(expected);
    },
  );

  it('of the rule of exports is found: a name that no import, no other export and no starter of a task has', () => {
    const files = [
      readSource(
        'src/a.ts',
        `export interface Part {}
export interface Whole { readonly part: Part }
export interface Lost {}
export function used(whole: Whole) {}
export function dead(lost: string) {}
export const [first, { second }] = pair, third = 3;
const alive = 1, gone = 2;
export { alive, gone };
export default 1;
`,
      ),
      readSource(
        'src/b.ts',
        "import { used, first, type alive } from './a.ts';\nexport type C = import('./c.ts').C;\nstart('task');\n",
      ),
      readSource('src/c.ts', 'export interface C {}\nexport interface D {}\n'),
      readSource('src/task.ts', 'export default 1;\n'),
      readSource('src/lazy.ts', 'export const a = 1;\n'),
      readSource('bench/b.ts', "import { c } from '../dist/d.js';\nconst lazy = await import('../src/lazy.ts');\n"),
      readSource('src/d.ts', 'export const c = 1;\n'),
      readSource('src/api.ts', 'export const c = 1;\n'),
    ];
    const found = unusedExports(files, ['src/api.ts']).map(({ file, line, name }) => `${file}:${line} ${name}`);
    expect(found).toEqual([
      'src/a.ts:3 Lost',
      'src/a.ts:5 dead',
      'src/a.ts:6 second',
      'src/a.ts:6 third',
      'src/a.ts:8 gone',
      'src/a.ts:9 default',
      'src/b.ts:2 C',
      'src/c.ts:2 D',
    ]);
  });

  it('says which files a circle goes through', () => {
    const names = ['circle-a.ts', 'circle-b.ts', 'circle-c.ts', 'circle-a.ts'].map((name) => `src/journal/${name}`);
    expect(found.filter(({ rule }) => rule === 'circle').map(({ what }) => what)).toContain(names.join(' -> '));
  });

  it('of two rooms that import each other is a circle though no file is in one', () => {
    const files = [
      readSource('src/http/routes.ts', "import '../service/view.ts';\n"),
      readSource('src/service/view.ts', ''),
      readSource('src/service/observer.ts', "import '../http/metrics.ts';\n"),
      readSource('src/http/metrics.ts', ''),
    ];
    const circles = check(files).filter(({ rule }) => rule === 'circle');
    expect(circles).toEqual([{ file: 'http', line: 1, rule: 'circle', what: 'http -> service -> http' }]);
  });
});
