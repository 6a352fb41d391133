/** TLS from files: openssl makes them, Node's client checks them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import { cannedService, silentLogger } from './canned-view.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
const at = (file: string): string => join(directory, file);

/** A certificate that is signed by itself, and its key. */
function make(name: string): void {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const of = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const out = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
  execFileSync('openssl', ['req', '-x509', ...curve, ...of, ...out], { stdio: 'ignore' });
}

interface Seen {
  readonly status: number;
  /** Common name of the certificate that the server showed. */
  readonly name: string;
}

function get(url: string, client: { readonly cert?: Buffer; readonly key?: Buffer } = {}): Promise<Seen> {
  const ca = ['first', 'second'].map((name) => readFileSync(at(`${name}.crt`)));
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL('/healthz', url), { ca, agent: false, ...client }, (incoming) => {
      const name = 'getPeerCertificate' in incoming.socket ? String(peerName(incoming.socket)) : '';
      incoming.resume();
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, name }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

const peerName = (socket: object): unknown =>
  'getPeerCertificate' in socket && typeof socket.getPeerCertificate === 'function'
    ? socket.getPeerCertificate().subject.CN
    : '';

const errors: string[] = [];
const logger = { ...silentLogger, error: (_: object, text: string) => void errors.push(text) };
const use = (name: string): void => {
  for (const end of ['crt', 'key']) copyFileSync(at(`${name}.${end}`), at(`used.${end}`));
};
const start = (clientCaFile: string | null): Promise<HttpServer> => {
  const tls = { certFile: at('used.crt'), keyFile: at('used.key'), clientCaFile };
  const { view } = cannedService();
  return startHttp({ view, host: '127.0.0.1', port: 0, logger, tls, tlsLookEveryMs: 20 });
};

beforeAll(() => {
  for (const name of ['first', 'second', 'client']) make(name);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('a certificate that is replaced is that of the next connection; one that is none leaves the old one', async () => {
  use('first');
  const server = await start(null);
  expect(server.url).toMatch(/^https:/);
  expect(await get(server.url)).toEqual({ status: 200, name: 'first' });
  writeFileSync(at('used.crt'), 'no certificate');
  await vi.waitFor(() => expect(errors).toHaveLength(1));
  expect((await get(server.url)).name).toBe('first');
  use('second');
  await vi.waitFor(async () => expect((await get(server.url)).name).toBe('second'));
  await server.close();
  await expect(get(server.url)).rejects.toThrow();
});

test('where clients have certificates, one without is refused before it can ask anything', async () => {
  use('first');
  const server = await start(at('client.crt'));
  await expect(get(server.url)).rejects.toThrow();
  const own = { cert: readFileSync(at('client.crt')), key: readFileSync(at('client.key')) };
  expect((await get(server.url, own)).status).toBe(200);
  await server.close();
});

test('files that are not there are named before the port is open', async () => {
  const tls = { certFile: at('none.crt'), keyFile: at('used.key'), clientCaFile: null };
  const { view } = cannedService();
  await expect(startHttp({ view, host: '127.0.0.1', port: 0, logger, tls })).rejects.toThrow('none.crt');
});
