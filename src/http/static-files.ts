/**
 * The dashboard's files and uPlot's, read once at start and served from memory.
 * Invariant: only what is in this map is served, so no path can climb out of it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Route } from './route.ts';

export interface StaticFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** By URL path: the page at `/`, the rest under `/assets/`. Found alike from src/http and dist/http. */
export function loadStaticFiles(): ReadonlyMap<string, StaticFile> {
  const folder = fileURLToPath(new URL('../../src/http/public/', import.meta.url));
  const files = new Map<string, StaticFile>();
  for (const name of readdirSync(folder)) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    files.set(name === 'index.html' ? '/' : `/assets/${name}`, staticFile(join(folder, name), contentType));
  }
  const uplot = createRequire(import.meta.url).resolve('uplot/dist/uPlot.esm.js');
  files.set('/assets/uplot.js', staticFile(uplot, 'text/javascript; charset=utf-8'));
  files.set('/assets/uplot.css', staticFile(join(uplot, '..', 'uPlot.min.css'), 'text/css; charset=utf-8'));
  return files;
}

function staticFile(path: string, contentType: string): StaticFile {
  const bytes = readFileSync(path);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { contentType, etag, bytes, gzip: gzipSync(bytes) };
}

export function staticRoutes(files: ReadonlyMap<string, StaticFile>): readonly Route[] {
  return [...files].map(
    ([path, file]): Route => ({
      method: 'GET',
      path,
      role: 'viewer',
      operation: null,
      answer: (c) => staticResponse(file, c.req.header('if-none-match'), c.req.header('accept-encoding') ?? ''),
    }),
  );
}

function staticResponse(file: StaticFile, ifNoneMatch: string | undefined, acceptEncoding: string): Response {
  const headers = { etag: file.etag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
  if (ifNoneMatch?.includes(file.etag) === true) return new Response(null, { status: 304, headers });
  const gzip = /\bgzip\b/.test(acceptEncoding);
  return new Response(new Uint8Array(gzip ? file.gzip : file.bytes), {
    headers: { ...headers, 'content-type': file.contentType, ...(gzip ? { 'content-encoding': 'gzip' } : {}) },
  });
}
