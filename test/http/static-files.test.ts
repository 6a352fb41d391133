/** The page's files: what one imports is served beside it, and nothing else of the source is. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadStaticFiles } from '../../src/http/static-files.ts';

const files = loadStaticFiles();
const IMPORTS = /(?:^|[;}\n])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*["']([^"'\n]+)["']/g;
const modules = [...files].filter(([path]) => path.endsWith('.js'));

describe('the files of the page', () => {
  test('import only what is served, by addresses that hold below any path', () => {
    let found = 0;
    for (const [path, { bytes }] of modules) {
      for (const [, specifier = ''] of bytes.toString('utf8').matchAll(IMPORTS)) {
        found += 1;
        expect([path, specifier]).toEqual([path, expect.stringMatching(/^\.{1,2}\//)]);
        const target = new URL(specifier, `http://page${path}`).pathname;
        expect([path, specifier, files.has(target)]).toEqual([path, specifier, true]);
      }
    }
    expect(found).toBeGreaterThan(200);
  });

  test('are those of the page, of what domains add to it, and of packages', () => {
    for (const path of files.keys()) {
      expect(path).toMatch(/^\/assets\/(?:http\/public|fraud\/page|weather\/page|packages)\/[\w./-]+\.(?:js|css|svg)$/);
    }
  });

  test('are all in the package that is installed', () => {
    const { files: packed } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const folders = [...files.keys()].flatMap((path) => /^\/assets\/(\w+)\/(public|page)\//.exec(path) ?? []);
    expect(folders).toContain('fraud');
    expect(packed).toEqual(expect.arrayContaining(['src/http/public', 'src/*/page/*.js']));
  });

  test('name no maps of sources that are not there', () => {
    for (const [path, { bytes }] of modules) {
      expect([path, bytes.toString('utf8').includes('sourceMappingURL')]).toEqual([path, false]);
    }
  });

  test('weigh less together than a photograph, before a page is opened that loads its own: 100 kB as they are sent', () => {
    const named = (path: string, pattern: RegExp): string[] =>
      [...(files.get(path)?.bytes.toString('utf8') ?? '').matchAll(pattern)].map(
        ([, specifier = '']) => new URL(specifier, `http://page${path}`).pathname,
      );
    const later = modules.flatMap(([path]) => named(path, /\bimport\('([^']+)'\)/g));
    expect(later.length).toBeGreaterThan(10);
    expect(later.filter((path) => !files.has(path))).toEqual([]);
    const styles = [...files.keys()].filter((path) => !path.endsWith('.js'));
    const first = new Set([...styles, '/assets/http/public/theme.js', '/assets/http/public/app.js']);
    for (const [path] of modules) if (path.endsWith('/page/page.js')) first.add(path);
    for (const path of first) for (const imported of named(path, IMPORTS)) first.add(imported);
    expect(first).toContain('/assets/packages/preact.js');
    expect(later.filter((path) => first.has(path))).toEqual([]);
    const sent = [...first].reduce((sum, path) => sum + (files.get(path)?.gzip.length ?? 0), 0);
    expect(sent).toBeLessThan(100_000);
  });
});
