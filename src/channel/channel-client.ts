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
  /** On the last: whether there were more rows than the limit. */
  readonly isCut: boolean;
}

/** The service ends a request in time; a client that hears nothing after so long more ends it by itself. */
const GRACE_MS = 5_000;

/** Resolves with null when no service listens there. Throws when one does that another user runs. */
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

/** A short path lies where anybody may make files: what is there must be of who owns the data. */
function isOwn(path: string, dataDir: string): boolean {
  if (path.startsWith(dataDir)) return true;
  try {
    return statSync(path).uid === statSync(dataDir).uid;
  } catch {
    return false;
  }
}

/** Sends one request and gives the rows as they come. To stop reading them cancels it. */
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
      // What is not taken yet stays in the service.
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
