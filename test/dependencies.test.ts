/** package.json, its lock and docs/dependencies.md say the same, and `npm ci` can take the lock on any platform. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGES } from './boundaries/rooms.ts';

type Versions = Readonly<Record<string, string>>;

interface Locked {
  readonly version?: string;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly peerDependencies?: Versions;
}

interface Manifest {
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
  readonly peerDependencies: Versions;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest: Manifest = JSON.parse(read('package.json'));
const lock: Lock = JSON.parse(read('package-lock.json'));

/** The rows of the tables: name, version, users, reason. */
const rows = read('docs/dependencies.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );

describe('the dependencies', () => {
  it('are each explained once, with the version that package.json has', () => {
    const explained = rows.map(([name, version]) => [name, version]);
    const { dependencies, peerDependencies, devDependencies } = manifest;
    // Peers that the tests install are explained as what users install.
    const tools = Object.fromEntries(Object.entries(devDependencies).filter(([name]) => !(name in peerDependencies)));
    expect(explained).toEqual([dependencies, peerDependencies, tools].flatMap((each) => Object.entries(each)));
    for (const [name, version] of Object.entries(peerDependencies)) {
      expect([name, devDependencies[name] ?? version]).toEqual([name, version]);
    }
    for (const [name, , , reason] of rows) expect(reason?.length, `reason for ${name}`).toBeGreaterThan(10);
  });

  it('are pinned exactly', () => {
    const loose = rows.filter(([, version]) => !/^(\d+\.\d+\.\d+(-[\w.]+)?|file:src\/install)$/.test(version ?? ''));
    expect(loose).toEqual([]);
  });

  it('are imported by the rooms that the document names', () => {
    const { dependencies, peerDependencies } = manifest;
    const count = Object.keys(dependencies).length + Object.keys(peerDependencies).length;
    const documented = rows.slice(0, count).map(([name, , users]) => [name, users]);
    const allowed = Object.entries(PACKAGES).map(([name, rooms]) => [name, rooms.join(', ')]);
    expect(documented.sort()).toEqual(allowed.sort());
  });

  it('are locked as package.json has them', () => {
    const { dependencies, devDependencies, peerDependencies } = lock.packages[''] ?? {};
    expect({ dependencies, devDependencies, peerDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
      peerDependencies: manifest.peerDependencies,
    });
  });

  it('are never asked for where they are peers: a peer is for whoever wants it', () => {
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, { optional }]) => optional);
    expect(optional.map(([name]) => name)).toEqual(Object.keys(manifest.peerDependencies));
    expect(Object.keys(lock.packages).filter((path) => path.endsWith('/onnxruntime-node'))).toEqual([]);
  });

  it("are locked with every platform's optional packages, without which npm ci stops", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('are never committed, not even as a link to those of another tree', () => {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-ignored-'));
    try {
      copyFileSync(new URL('../.gitignore', import.meta.url), join(dir, '.gitignore'));
      symlinkSync(tmpdir(), join(dir, 'node_modules'));
      const git = (...args: readonly string[]) => spawnSync('git', args, { cwd: dir, encoding: 'utf8' });
      expect(git('init', '--quiet').status).toBe(0);
      expect(git('check-ignore', 'node_modules').stdout).toBe('node_modules\n');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
