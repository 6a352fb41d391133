/**
 * TLS of the HTTP port, from files that another program renews. The files are checked every few seconds, and a changed
 * certificate is used from the next connection on. A certificate that can't be used leaves the old one in place, and a
 * log line says so.
 */
import { readFileSync, statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { HttpLogger } from './logger.ts';

export interface TlsFiles {
  /** PEM: the certificate, then those that it is signed by. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM: who signs certificates of clients, which are then asked for; null where any client may connect. */
  readonly clientCaFile: string | null;
}

interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

const LOOK_EVERY_MS = 5_000;

/** Throws, naming the file, when a file can't be read or is of no use. The returned function stops the looking. */
export function createTlsServer(
  files: TlsFiles,
  options: ServerOptions,
  answer: RequestListener,
  { logger, lookEveryMs = LOOK_EVERY_MS }: { readonly logger: HttpLogger; readonly lookEveryMs?: number },
): { readonly server: Server; stop(): void } {
  const asksClients = files.clientCaFile === null ? {} : { requestCert: true, rejectUnauthorized: true };
  let seen = versionOf(files);
  const server = createServer({ ...options, ...asksClients, ...read(files), minVersion: 'TLSv1.2' }, answer);
  const look = setInterval(() => {
    const now = versionOf(files);
    if (now === seen) return;
    seen = now;
    try {
      server.setSecureContext({ ...read(files), minVersion: 'TLSv1.2' });
      logger.info({ file: files.certFile }, 'the TLS certificate was read anew');
    } catch (error) {
      logger.error({ err: error }, 'the new TLS certificate can not be used; the old one stays');
    }
  }, lookEveryMs);
  look.unref();
  return { server, stop: () => clearInterval(look) };
}

function read({ certFile, keyFile, clientCaFile }: TlsFiles): Credentials {
  const file = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new Error(`The TLS file ${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const credentials = {
    cert: file(certFile),
    key: file(keyFile),
    ...(clientCaFile === null ? {} : { ca: file(clientCaFile) }),
  };
  try {
    createSecureContext(credentials);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`The TLS files ${certFile} and ${keyFile} are no certificate and its key: ${why}`);
  }
  return credentials;
}

/** Changes when a file does; a file that is away for a moment, as while it is replaced, is another version too. */
function versionOf({ certFile, keyFile, clientCaFile }: TlsFiles): string {
  return [certFile, keyFile, ...(clientCaFile === null ? [] : [clientCaFile])]
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? '' : `${found.mtimeMs}:${found.ino}:${found.size}`;
    })
    .join('|');
}
