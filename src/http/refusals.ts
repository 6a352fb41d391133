/** What a client is told for each way in which a request can be refused. */
import type { StoreIsOff } from '../projections/store.ts';
import type { Problem } from './problem.ts';
import type { IngestOutcome } from './view.ts';

export function ingestProblem(stream: string, outcome: Exclude<IngestOutcome, { kind: 'committed' }>): Problem {
  switch (outcome.kind) {
    case 'busy': {
      const retryAfterSeconds = Math.max(1, Math.ceil(outcome.retryAfterSeconds));
      return {
        status: 429,
        error: 'busy',
        message: `The queue of ${stream} is full; nothing of this request was taken.`,
        hint: `Send it again after ${retryAfterSeconds} s.`,
        headers: { 'retry-after': String(retryAfterSeconds) },
        details: { retryAfterSeconds },
      };
    }
    case 'stalled':
      return {
        status: 503,
        error: 'stalled',
        message: `The journal takes nothing for now; nothing of this request was taken. ${outcome.reason}`,
        hint: 'Send it again when /readyz answers 200.',
        headers: { 'retry-after': String(Math.max(1, Math.ceil(outcome.retryAfterSeconds))) },
      };
    case 'nothing-decoded': {
      const { count, reasons, first } = outcome;
      const [example] = first;
      const shown = example === undefined ? '' : ` The first is at ${example.position}: ${example.detail}.`;
      return {
        status: 400,
        error: 'nothing-decoded',
        message: `Not one of ${count} events of the body could be decoded as one of ${stream}.${shown}`,
        hint: 'Nothing of this request is stored, not as dead letters either. Correct the events and send them again.',
        details: { accepted: 0, deadLetters: 0, refused: count, reasons, first },
      };
    }
    case 'too-many-refused': {
      const { count, reasons, first } = outcome;
      return {
        status: 400,
        error: 'too-many-refused',
        message: `More than ${count} events of the body could not be decoded as one of ${stream}; the rest was not read.`,
        hint: 'Nothing of this request is stored. Correct the events, or send fewer in a request.',
        details: { accepted: 0, deadLetters: 0, refused: count, reasons, first },
      };
    }
    case 'unreadable': {
      const { reason, detail } = outcome;
      return {
        status: 400,
        error: reason,
        message: `The body can't be read as what it is sent as: ${detail}.`,
        hint: UNREADABLE_HINTS[reason] ?? 'Nothing of this request is stored. See that the body is whole.',
        details: { accepted: 0, deadLetters: 0, reasons: { [reason]: 1 }, first: [{ position: 0, reason, detail }] },
      };
    }
    case 'too-large':
      return TOO_LARGE;
    case 'unknown-stream':
      return unknownStream(stream, outcome.known);
    case 'not-http':
      return {
        status: 409,
        error: 'not-http',
        message: `The stream ${stream} takes its input from ${outcome.source}, not from HTTP.`,
        hint: `Send the events there, or give the stream \`source: http\` in the pipeline file.`,
        details: { source: outcome.source },
      };
    case 'not-a-key':
      return badParameter('key', '', `The key of ${stream} is ${outcome.wanted}.`);
    case 'key-reused':
      return {
        status: 422,
        error: 'idempotency-key-reused',
        message: 'This Idempotency-Key came with another request; nothing of this one was taken.',
        hint: 'A key is of one request: send this one with a new key. Only a repeated request, with the same body, has the key that it had.',
      };
    case 'interrupted':
      return OUTCOME_UNKNOWN;
    case 'stopping':
      return {
        status: 503,
        error: 'stopping',
        message: 'The service is stopping and takes no more events; nothing of this request was taken.',
        hint: 'Send it again when /readyz answers 200.',
        headers: { 'retry-after': '5' },
      };
  }
}

export function unknownStream(stream: string, known: readonly string[]): Problem {
  return {
    status: 404,
    error: 'unknown-stream',
    message: `There is no stream ${JSON.stringify(stream)}.`,
    hint: known.length === 0 ? 'The pipeline file declares no streams.' : `There are: ${known.join(', ')}.`,
    details: { known },
  };
}

export function noFeatures(stream: string, known: readonly string[]): Problem {
  return {
    status: 404,
    error: 'no-features',
    message: `No stream ${stream} has features.`,
    hint: known.length === 0 ? 'The pipeline file declares no features.' : `These have: ${known.join(', ')}.`,
    details: { known },
  };
}

/** `known` are the streams that have tables. */
export function noTable(stream: string, known: readonly string[]): Problem {
  return {
    status: 404,
    error: 'no-table',
    message: `The stream ${stream} is a built-in one, and has no table of its own.`,
    hint: known.length === 0 ? 'Streams with a schema of their own have.' : `These have: ${known.join(', ')}.`,
    details: { known },
  };
}

export function unknownKey(stream: string, key: string): Problem {
  return {
    status: 404,
    error: 'unknown-key',
    message: `The stream ${stream} has no event with the key ${JSON.stringify(key)}, or its row is gone.`,
    hint: 'Events show once the read models have them, mostly within a second.',
  };
}

export function noSuchPath(method: string, path: string): Problem {
  const reads = method === 'GET' || method === 'HEAD';
  return {
    status: 404,
    error: 'not-found',
    message: `There is nothing at ${method} ${path.slice(0, 200)}.`,
    hint: reads
      ? 'See /openapi.json for what there is.'
      : 'Only POST /api/v1/streams/<stream>/events takes data, and DELETE of a key.',
  };
}

/** `what` is window or join. */
export function unknownResult(what: string, name: string, known: readonly string[]): Problem {
  return {
    status: 404,
    error: `unknown-${what}`,
    message: `There is no ${what} ${JSON.stringify(name)}.`,
    hint: known.length === 0 ? `The pipeline file declares no ${what}s.` : `There are: ${known.join(', ')}.`,
    details: { known },
  };
}

export function unknownParameter(name: string, known: readonly string[]): Problem {
  const message = `There is no parameter ${name.slice(0, 50)} here.`;
  return { status: 400, error: 'bad-parameter', message, hint: `There are: ${known.join(', ')}.`, details: { known } };
}

export function badParameter(name: string, value: string, hint: string): Problem {
  const message = `The parameter ${name}=${value.slice(0, 50)} is not valid.`;
  return { status: 400, error: 'bad-parameter', message, hint };
}

export const ILL_FORMED_KEY: Problem = {
  status: 400,
  error: 'not-unicode',
  message: 'The key in the path is not UTF-8 in percent-encoding.',
  hint: 'Encode it as encodeURIComponent does: `ü` is %C3%BC, and a percent sign is %25.',
};

const TAKEN = 'Send application/x-ndjson, application/json or application/avro (an object container)';

export function unsupportedType(contentType: string | undefined): Problem {
  return {
    status: 415,
    error: 'unsupported-content',
    message: `Events with the content type ${contentType?.slice(0, 200) ?? '(none)'} are not taken.`,
    hint: `${TAKEN}, in UTF-8.`,
  };
}

export function unsupportedEncoding(contentEncoding: string | undefined): Problem {
  return {
    status: 415,
    error: 'unsupported-content',
    message: `Events with the content encoding ${contentEncoding?.slice(0, 200) ?? '(none)'} are not taken.`,
    hint: `${TAKEN}, as it is or with one content encoding: gzip, deflate or zstd.`,
    headers: { 'accept-encoding': 'gzip, deflate, zstd' },
  };
}

/** By what the body turned out not to be. */
const UNREADABLE_HINTS: Readonly<Record<string, string>> = {
  'not-json': 'Nothing of it was taken. Sent as JSON lines, the events that are well formed would be.',
  'not-avro': 'Nothing of it was taken. Send a whole Avro object container file, as fastavro or avro-tools write it.',
};

export const EMPTY: Problem = {
  status: 400,
  error: 'empty-body',
  message: 'The request has no body.',
  hint: 'Send one event a line, such as `curl --data-binary @events.jsonl -H "content-type: application/x-ndjson"`.',
};
// Not `connection: close`: Node would then reset the connection under a client that still sends, and the answer with
// it. The adapter instead reads on for half a second and closes after that.
export const TOO_LARGE: Problem = {
  status: 413,
  error: 'body-too-large',
  message: 'The body is larger than 16 MiB, as it is sent or unpacked; nothing of it was taken.',
  hint: 'Send it in several requests, or read it with a file source.',
};
export const TOO_FINE: Problem = {
  status: 400,
  error: 'chunks-too-small',
  message: 'The body comes in thousands of chunks of a few bytes each; nothing of it was taken.',
  hint: 'Collect some kilobytes before each write.',
  headers: { connection: 'close' },
};
export const OVERLOADED: Problem = {
  status: 503,
  error: 'overloaded',
  message: 'The server holds as many bytes of other requests as it may (http.maxBodyBytesInFlight); nothing was taken.',
  hint: 'Send it again after 2 s.',
  headers: { 'retry-after': '2' },
};
export const TOO_SLOW: Problem = {
  status: 503,
  error: 'too-slow',
  message: 'The read model did not answer in time.',
  hint: 'Try again with a smaller limit.',
  headers: { 'retry-after': '5' },
};
export const OUTCOME_UNKNOWN: Problem = {
  status: 503,
  error: 'outcome-unknown',
  message: 'The commit did not finish before the answer was due; none, some or all of this request may be durable.',
  hint:
    'Sent with an Idempotency-Key, repeat it with the same key and the same body when /readyz answers 200: what is missing ' +
    'is completed, and nothing comes twice. Sent without one, look for its events first: a repeated event is another event.',
  headers: { 'retry-after': '5' },
};
export const TOO_MANY_CLIENTS: Problem = {
  status: 503,
  error: 'too-many-clients',
  message: 'As many pages follow the live events as this server allows.',
  hint: 'Close one, or read /api/v1/overview instead.',
  headers: { 'retry-after': '10' },
};

export function storeIsOff({ message, store }: StoreIsOff): Problem {
  return {
    status: 409,
    error: 'store-is-off',
    message: `${message}, and this is read from it.`,
    hint: `Without that line the ${store} store is made again from the journal.`,
  };
}
