/** A proxy in front of the S3 server that does to some requests what networks and services do. */
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const FAULTS = [
  'an error of the server',
  'SlowDown',
  'half a request',
  'half an answer',
  'a lost answer',
  'a changed byte on the way there',
  'a changed byte on the way back',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultyS3 {
  readonly url: string;
  /** How many faults there were. */
  faults(): number;
}

/** `next` says what happens to a request; null for nothing. */
export async function faultyS3(target: string, next: (request: IncomingMessage) => Fault | null): Promise<FaultyS3> {
  let faults = 0;
  const server = createServer((request, response) => {
    const fault = next(request);
    if (fault !== null) faults += 1;
    bodyOf(request)
      .then((body) => pass(target, request, response, body, fault))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server.address())}`, faults: () => faults };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function pass(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  fault: Fault | null,
): Promise<void> {
  if (fault === 'an error of the server') return void response.writeHead(500).end();
  if (fault === 'SlowDown') {
    return void response.writeHead(503, { 'retry-after': '0' }).end('<Error><Code>SlowDown</Code></Error>');
  }
  const answer = await forward(target, request, body, fault);
  if (answer === null || fault === 'a lost answer') return void response.destroy();
  const answered = await bodyOf(answer);
  if (fault === 'a changed byte on the way back') flip(answered);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  if (fault !== 'half an answer') return void response.end(answered);
  response.write(answered.subarray(0, answered.length >> 1), () => response.destroy());
}

/** Null when the request was cut. The server's signature covers the host that the client named. */
function forward(
  target: string,
  request: IncomingMessage,
  body: Buffer,
  fault: Fault | null,
): Promise<IncomingMessage | null> {
  return new Promise((resolve) => {
    const { method, url, headers } = request;
    const onward = send(target + (url ?? ''), { method, headers }, resolve);
    onward.on('error', () => resolve(null));
    if (fault === 'a changed byte on the way there') flip(body);
    if (fault === 'half a request') onward.write(body.subarray(0, body.length >> 1), () => onward.destroy());
    else onward.end(body);
  });
}

function flip(bytes: Buffer): void {
  const at = bytes.length >> 1;
  if (at > 0) bytes[at] = (bytes[at] ?? 0) ^ 1;
}
