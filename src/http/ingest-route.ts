/**
 * `POST /api/v1/streams/<stream>/events`: a request that can be refused by its head is refused before its body is read.
 * Invariant: 2xx means that every event of the body is on disk or in a dead letter there, and the counts say which.
 */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { BodyBudget } from './body-budget.ts';
import { DEADLINE, withDeadline } from './deadline.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { BODY_CAP_BYTES, bodyEncodingOf, bodyFormatOf, readBody } from './ingest-body.ts';
import type { HttpLogger } from './logger.ts';
import { type Problem, problemResponse } from './problem.ts';
import type { ReadingTurns } from './reading-turns.ts';
import {
  EMPTY,
  ingestProblem,
  OUTCOME_UNKNOWN,
  OVERLOADED,
  TOO_FINE,
  TOO_LARGE,
  unknownStream,
  unsupportedEncoding,
  unsupportedType,
} from './refusals.ts';
import type { RouteContext } from './route.ts';
import type { IngestOutcome, ServiceView } from './view.ts';

export interface IngestRouteOptions {
  readonly view: ServiceView;
  readonly budget: BodyBudget;
  readonly turns: ReadingTurns;
  readonly logger: HttpLogger;
  /** From the whole body to its commit. */
  readonly deadlineMs: number;
}

export async function answerIngest(
  c: RouteContext,
  stream: string,
  { view, budget, turns, logger, deadlineMs }: IngestRouteOptions,
): Promise<Response> {
  const format = bodyFormatOf(c.req.header('content-type'));
  if (format === null) return problemResponse(unsupportedType(c.req.header('content-type')));
  const encoding = bodyEncodingOf(c.req.header('content-encoding'));
  if (encoding === null) return problemResponse(unsupportedEncoding(c.req.header('content-encoding')));
  const key = idempotencyKeyOf(c.req.header('idempotency-key'));
  if (key !== null && typeof key !== 'string') return problemResponse(key);
  const misplaced = refusedByName(view, stream);
  if (misplaced !== null) return problemResponse(misplaced);
  const read = await readBody(c.env.incoming, BODY_CAP_BYTES, budget, turns);
  switch (read.kind) {
    case 'too-large':
      return problemResponse(TOO_LARGE);
    case 'overloaded':
      return problemResponse(OVERLOADED);
    case 'too-fine': {
      const { incoming, outgoing } = c.env;
      // What else comes would cost as much if it were read to be thrown away.
      outgoing.once('finish', () => incoming.socket.destroy());
      return problemResponse(TOO_FINE);
    }
    case 'aborted':
      view.requestAborted();
      logger.debug({ path: c.req.path }, 'a client went away before the end of its request');
      return RESPONSE_ALREADY_SENT;
  }
  const { bytes } = read;
  const heldBytes = bytes.byteLength;
  if (heldBytes === 0) return problemResponse(EMPTY);
  const ingesting = view
    .ingest(stream, { format, encoding, bytes }, key, c.var.trace)
    .finally(() => budget.release(heldBytes));
  const outcome = await withDeadline(ingesting, deadlineMs);
  if (outcome === DEADLINE) {
    ingesting.catch(() => {});
    return problemResponse(OUTCOME_UNKNOWN);
  }
  if (outcome.kind !== 'committed') return problemResponse(ingestProblem(stream, outcome));
  return c.json(counted(outcome));
}

/** Reasons only where something was refused. */
function counted(outcome: Extract<IngestOutcome, { readonly kind: 'committed' }>): object {
  const { accepted, deadLetters, reasons, first, repeated } = outcome;
  const refused = deadLetters === 0 ? {} : { reasons, first };
  return { accepted, deadLetters, ...refused, ...(repeated === true ? { repeated } : {}) };
}

function refusedByName(view: ServiceView, name: string): Problem | null {
  const streams = view.streams();
  const stream = streams.find((known) => known.name === name);
  const known = streams.map((one) => one.name);
  if (stream === undefined) return unknownStream(name, known);
  return stream.source === 'http' ? null : ingestProblem(name, { kind: 'not-http', source: stream.source });
}
