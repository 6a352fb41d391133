/**
 * A client of a schema registry that speaks Confluent's API (Confluent, Apicurio's ccompat, Karapace): schemas by id, and
 * schemas registered under a subject. A schema never changes once it has an id, so each is asked for once.
 */
import { DeadlinePassed, nodeTimer, type StartTimer, withinDeadline } from '../deadline.ts';
import { type Endpoint, endpointOf } from '../endpoint.ts';
import { fetchCause } from '../fetch-cause.ts';

export type FoundSchema =
  | { readonly kind: 'found'; readonly schemaText: string }
  /** The registry has answered that it has no Avro schema of this id. */
  | { readonly kind: 'unknown'; readonly message: string };

export type Registered =
  | { readonly kind: 'registered'; readonly schemaId: number }
  /** The subject has a schema that this one is not compatible with, or the registry takes none of it. */
  | { readonly kind: 'refused'; readonly message: string };

/** The registry has not answered, or not as one does: asked again, it may. */
export class RegistryUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RegistryUnavailable';
  }
}

export interface SchemaRegistry {
  /** Rejects with RegistryUnavailable. */
  schemaOf(id: number, signal: AbortSignal): Promise<FoundSchema>;
  /** Rejects with RegistryUnavailable. */
  register(subject: string, schemaText: string, signal: AbortSignal): Promise<Registered>;
}

export interface RegistryPorts {
  readonly fetch: typeof fetch;
  readonly startTimer: StartTimer;
  /** Of a clock that does not jump. */
  nowMs(): number;
}

const DEADLINE_MS = 10_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const SCHEMAS_MAX = 1000;
/** An id that the registry had not may be there now: registries are replicated. */
const ASK_AGAIN_MS = 30_000;
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';

const NODE_PORTS: RegistryPorts = { fetch, startTimer: nodeTimer, nowMs: () => performance.now() };

export function createSchemaRegistry(url: string, ports: RegistryPorts = NODE_PORTS): SchemaRegistry {
  const endpoint = endpointOf(url);
  const known = new Map<number, Promise<FoundSchema>>();
  const unknownSinceMs = new Map<number, number>();

  async function ask(id: number, signal: AbortSignal): Promise<FoundSchema> {
    const { status, body } = await exchange(endpoint, ports, signal, 'GET', `schemas/ids/${id}`, null);
    if (status === 404) return { kind: 'unknown', message: `the registry has no schema ${id}` };
    if (status !== 200) throw unavailable(endpoint, `answered ${status} when it was asked for schema ${id}`);
    const { schema, schemaType = 'AVRO', references } = body;
    if (schemaType !== 'AVRO') return { kind: 'unknown', message: `schema ${id} is ${String(schemaType)}, not Avro` };
    if (Array.isArray(references) && references.length > 0) {
      return { kind: 'unknown', message: `schema ${id} refers to other schemas, which is not read` };
    }
    if (typeof schema !== 'string') throw unavailable(endpoint, `answered without a schema for ${id}`);
    return { kind: 'found', schemaText: schema };
  }

  function forget(id: number): void {
    known.delete(id);
    unknownSinceMs.delete(id);
  }

  function asked(id: number, signal: AbortSignal): Promise<FoundSchema> {
    const [oldest] = known.keys();
    if (known.size >= SCHEMAS_MAX && oldest !== undefined) forget(oldest);
    const answer = ask(id, signal);
    known.set(id, answer);
    answer.then(
      ({ kind }) => kind === 'unknown' && known.get(id) === answer && unknownSinceMs.set(id, ports.nowMs()),
      () => known.get(id) === answer && forget(id),
    );
    return answer;
  }

  return {
    async schemaOf(id, signal) {
      const sinceMs = unknownSinceMs.get(id);
      if (sinceMs !== undefined && ports.nowMs() - sinceMs > ASK_AGAIN_MS) forget(id);
      for (;;) {
        const answer = known.get(id);
        if (answer === undefined) return asked(id, signal);
        try {
          return await answer;
        } catch (error) {
          // Whoever asked may have gone: that ends the request, and not this one's need.
          if (signal.aborted || error instanceof RegistryUnavailable) throw error;
        }
      }
    },
    async register(subject, schemaText, signal) {
      const path = `subjects/${encodeURIComponent(subject)}/versions`;
      const { status, body } = await exchange(endpoint, ports, signal, 'POST', path, { schema: schemaText });
      const message = typeof body.message === 'string' ? body.message : `status ${status}`;
      if (status === 409 || status === 422) return { kind: 'refused', message };
      if (status !== 200 || typeof body.id !== 'number') {
        throw unavailable(endpoint, `answered ${status} when a schema of ${subject} was registered`);
      }
      return { kind: 'registered', schemaId: body.id };
    },
  };
}

interface Answer {
  readonly status: number;
  /** Empty when the answer is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

async function exchange(
  { url, authorization, redact }: Endpoint,
  ports: RegistryPorts,
  signal: AbortSignal,
  method: 'GET' | 'POST',
  path: string,
  sent: object | null,
): Promise<Answer> {
  const to = new URL(url);
  to.pathname = `${to.pathname.replace(/\/$/, '')}/${path}`;
  try {
    return await withinDeadline(DEADLINE_MS, ports.startTimer, signal, async (aborts) => {
      const response = await ports.fetch(to, {
        method,
        redirect: 'error',
        signal: aborts,
        headers: {
          accept: `${CONTENT_TYPE}, application/json`,
          'user-agent': 'millrace',
          ...(sent === null ? {} : { 'content-type': CONTENT_TYPE }),
          ...(authorization === null ? {} : { authorization }),
        },
        ...(sent === null ? {} : { body: JSON.stringify(sent) }),
      });
      return { status: response.status, body: objectOf(await textOf(response)) };
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof DeadlinePassed) throw unavailable({ url }, `did not answer within ${DEADLINE_MS} ms`);
    throw unavailable({ url }, `could not be asked: ${redact(fetchCause(error))}`);
  }
}

function unavailable({ url }: Pick<Endpoint, 'url'>, what: string): RegistryUnavailable {
  return new RegistryUnavailable(`the schema registry at ${url.origin} ${what}`);
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
