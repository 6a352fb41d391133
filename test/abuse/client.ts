/** Clients of the attacked service: the honest ones, whose acknowledged events are counted, and the raw ones. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

export const TOKEN = 'abuse-3f9c1d7e5b2a4860';
const PATH = '/api/v1/streams/ticks/events';

export interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Headers = Readonly<Record<string, string>>;

/** Answers what was answered, and never rejects. */
export function post(url: string, body: Uint8Array, headers: Headers = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      agent: false as const,
      headers: {
        'content-type': 'application/x-ndjson',
        'content-length': String(body.byteLength),
        authorization: `Bearer ${TOKEN}`,
        ...headers,
      },
    };
    let answered = false;
    const outgoing = request(new URL(PATH, url), options, (incoming) => {
      answered = true;
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', () => resolve({ status: 0, body: {} }));
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString('utf8')) });
      });
    });
    outgoing.on('error', () => answered || resolve({ status: 0, body: {} }));
    outgoing.end(body);
  });
}

function parsed(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return { text };
  }
}

/** What was answered with 2xx, by the keys of a body: so many events have to be in the journal. */
export interface Ledger {
  readonly acknowledged: ReadonlyMap<number, number>;
  /** Posts the body, whose events have the keys `firstKey` to `firstKey + 8`, and notes what is acknowledged. */
  send(url: string, firstKey: number, body: Uint8Array, headers?: Headers): Promise<Answer>;
}

export function createLedger(): Ledger {
  const acknowledged = new Map<number, number>();
  return {
    acknowledged,
    async send(url, firstKey, body, headers) {
      const answer = await post(url, body, headers);
      if (answer.status >= 200 && answer.status < 300) {
        acknowledged.set(firstKey, (acknowledged.get(firstKey) ?? 0) + Number(answer.body.accepted));
      }
      return answer;
    },
  };
}

/** A connection that is given bytes as they are; what comes back is collected. */
export interface RawConnection {
  readonly socket: Socket;
  text(): string;
  readonly closed: Promise<void>;
}

export function raw(url: string, bytes: string | Buffer): Promise<RawConnection> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    socket.once('connect', () => socket.write(bytes, () => resolve({ socket, text: () => text, closed })));
    socket.once('close', () => resolve({ socket, text: () => text, closed }));
  });
}

export function head(contentLength: number, more = ''): string {
  return (
    `POST ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\n` +
    `Content-Type: application/x-ndjson\r\nContent-Length: ${contentLength}\r\n${more}\r\n`
  );
}
