/**
 * The files of the page, read once at start and served from memory: browser modules under the place that they have in src,
 * so that their relative imports hold, and the packages that they name.
 * Invariant: only what is in this map is served, so no path can climb out of it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { problemResponse } from './problem.ts';
import { noSuchPath } from './refusals.ts';
import type { Role, Route } from './route.ts';

export interface StaticFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HTML = 'text/html; charset=utf-8';
/** Where the files of src are, as this one may run from src or from dist. */
const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
/** The page's own folder, and the one that a room may have for what it adds. */
const PAGE_FOLDERS = /^(?:http\/public|[\w-]+\/page)\//;

const requireHere = createRequire(import.meta.url);
const uplot = requireHere.resolve('uplot/dist/uPlot.iife.min.js');
/** Packages as browser modules, by the name that an import has; none has an import beyond these. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: requireHere.resolve('preact'),
  'preact/hooks': requireHere.resolve('preact/hooks'),
  htm: join(dirname(requireHere.resolve('htm')), 'htm.module.js'),
  uplot,
  '@dagrejs/dagre': join(dirname(requireHere.resolve('@dagrejs/dagre')), 'dagre.esm.js'),
};

/** What a package that is no module lacks: that of uPlot weighs twice as much as its script. */
const EXPORTS: Readonly<Record<string, string>> = { uplot: '\nexport default uPlot;\n' };

/** By URL path, all of it under `/assets/`. */
export function loadStaticFiles(): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(SRC, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const place = relative(SRC, path).split(sep).join('/');
    const contentType = CONTENT_TYPES[extname(place)];
    if (contentType === undefined || !PAGE_FOLDERS.test(place)) continue;
    files.set(`/assets/${place}`, staticFile(readFileSync(path), `/assets/${place}`, contentType));
  }
  for (const [name, path] of Object.entries(PACKAGES)) {
    const bytes = Buffer.concat([readFileSync(path), Buffer.from(EXPORTS[name] ?? '')]);
    files.set(addressOf(name), staticFile(bytes, addressOf(name), CONTENT_TYPES['.js'] ?? ''));
  }
  const css = readFileSync(join(dirname(uplot), 'uPlot.min.css'));
  files.set('/assets/packages/uplot.css', staticFile(css, '', CONTENT_TYPES['.css'] ?? ''));
  return files;
}

const addressOf = (name: string): string => `/assets/packages/${name.replace(/^@/, '').replaceAll('/', '-')}.js`;

function staticFile(bytes: Buffer, address: string, contentType: string): StaticFile {
  const served =
    contentType === CONTENT_TYPES['.js'] ? Buffer.from(forBrowser(bytes.toString('utf8'), address)) : bytes;
  const etag = `"${createHash('sha256').update(served).digest('base64url').slice(0, 22)}"`;
  return { contentType, etag, bytes: served, gzip: gzipSync(served, { level: 9 }) };
}

/**
 * A browser knows no names of packages: each becomes the address that the package has here, relative to the file, as a proxy
 * may serve all of it below another path. An import map would have to stand in the page, where the content policy lets none.
 */
function forBrowser(module: string, address: string): string {
  return module
    .replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'./][^"'\n]*)\2/g, (whole, before: string, quote: string, name) =>
      name in PACKAGES ? `${before}${quote}${toward(addressOf(name), address)}${quote}` : whole,
    )
    .replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
}

function toward(target: string, from: string): string {
  const path = posix.relative(posix.dirname(from), target);
  return path.startsWith('.') ? path : `./${path}`;
}

export function staticRoutes(files: ReadonlyMap<string, StaticFile>): readonly Route[] {
  return [...files].map(
    ([path, file]): Route => ({
      method: 'GET',
      path,
      // They are those of the package, which anybody can have, and the page to log in needs some.
      role: 'anyone',
      operation: null,
      answer: (c) => staticResponse(file, c.req.header()),
    }),
  );
}

const MODULES_PLACE = '<!-- modules of the domains -->';
/** A page's address may be so deep. */
const DEPTH_MAX = 4;

/**
 * The one document behind the addresses of all pages: which ones there are is known to the page alone. It comes after every
 * other route, to browsers only; whoever asks for something else is told that there is nothing.
 */
export function pageRoutes(pageModules: readonly string[]): readonly Route[] {
  const scripts = pageModules.map((place) => `<script type="module" src="assets/${place}"></script>`);
  const text = readFileSync(join(SRC, 'http/public/index.html'), 'utf8').replace(MODULES_PLACE, scripts.join('\n'));
  const documents = Array.from({ length: DEPTH_MAX }, (_, depth) => {
    const html = text.replaceAll('="assets/', `="${'../'.repeat(depth)}assets/`);
    return staticFile(Buffer.from(html), '', HTML);
  });
  const login = staticFile(readFileSync(join(SRC, 'http/public/login.html')), '', HTML);
  const route = (path: string, answer: Route['answer'], role: Role = 'viewer'): Route => ({
    method: 'GET',
    path,
    role,
    operation: null,
    answer,
  });
  return [
    route('/login', (c) => staticResponse(login, c.req.header()), 'anyone'),
    route('/', (c) => staticResponse(documents[0]!, c.req.header())),
    route('/*', (c) => {
      const { path } = c.req;
      const document = documents[path.split('/').length - 2];
      const isPage = !/^\/(?:api|assets)\//.test(path) && /\btext\/html\b/.test(c.req.header('accept') ?? '');
      if (!isPage || document === undefined) return problemResponse(noSuchPath(c.req.method, path));
      return staticResponse(document, c.req.header());
    }),
  ];
}

function staticResponse(file: StaticFile, asked: Readonly<Record<string, string>>): Response {
  const headers = { etag: file.etag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
  if (asked['if-none-match']?.includes(file.etag) === true) return new Response(null, { status: 304, headers });
  const gzip = /\bgzip\b/.test(asked['accept-encoding'] ?? '');
  return new Response(new Uint8Array(gzip ? file.gzip : file.bytes), {
    headers: { ...headers, 'content-type': file.contentType, ...(gzip ? { 'content-encoding': 'gzip' } : {}) },
  });
}
