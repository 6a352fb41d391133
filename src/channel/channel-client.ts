/** Asks the service that runs on a data directory, over its local channel. */
import { statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import type { Row } from '../projections/store.ts';
import { RequestError } from './channel-commands.ts';
import {
  type ChannelAnswer,
  type ChannelRequest,
  lineSplitter,
  MAX_LINE_BYTES,
  socketPath,
} from './channel-protocol.ts';

export interface Answered {
  readonly rows: readonly Row[];
  /** Set by the last answer: whether there were more rows than the limit. */
  readonly isCut: boolean;
}

/** How long a client waits, after the service should have ended the request, before it ends the request itself. */
const GRACE_MS = 5_000;

/** Resolves with null when no service listens there. Throws when another user's service does. */
export async function connectChannel(dataDir: string): Promise<Socket | null> {
  const path = socketPath(dataDir);
  if (path === null || !isOwn(path, dataDir)) return null;
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EACCES' && error.code !== 'EPERM') return resolve(null);
      reject(
        new Error(
          `The service on ${dataDir} runs as another user, who alone may ask it. Run the command as that user.`,
        ),
      );
    });
  });
}

/** Whether the socket belongs to the owner of the data. A short path lies where anybody may make files. */
function isOwn(path: string, dataDir: string): boolean {
  if (path.startsWith(dataDir)) return true;
  try {
    return statSync(path).uid === statSync(dataDir).uid;
  } catch {
    return false;
  }
}

/** Sends one request and gives the rows as they come. The request is cancelled when the caller stops reading. */
export async function* askChannel(
  socket: Socket,
  request: ChannelRequest,
  note: (message: string) => void,
): AsyncGenerator<Answered> {
  const answers: ChannelAnswer[] = [];
  let problem: Error | null = null;
  let wake = (): void => {};
  const fail = (error: Error): void => {
    problem ??= error;
    wake();
  };
  const timer = setTimeout(() => {
    fail(new Error(`The service did not answer within ${(request.timeoutMs + GRACE_MS) / 1000} s`));
    socket.destroy();
  }, request.timeoutMs + GRACE_MS);
  const split = lineSplitter(
    MAX_LINE_BYTES,
    (line) => {
      const answer: ChannelAnswer = JSON.parse(line);
      answers.push(answer);
      // Rows that are not read yet stay in the service.
      socket.pause();
      wake();
    },
    () => fail(new Error('The service sent a line that is too long')),
  );
  socket.on('data', split);
  socket.once('error', fail);
  socket.once('close', () => fail(new Error('The service ended while it answered')));
  socket.write(`${JSON.stringify(request)}\n`);
  try {
    for (;;) {
      const answer = answers.shift();
      if (answer === undefined) {
        if (problem !== null) throw problem;
        socket.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (answer.kind === 'note') note(answer.message);
      else if (answer.kind === 'rows') yield { rows: answer.rows, isCut: false };
      else if (answer.kind === 'failed')
        throw answer.isUsage ? new RequestError(answer.message) : new Error(answer.message);
      else return yield { rows: [], isCut: answer.isCut };
    }
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
