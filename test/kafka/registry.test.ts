/** The registry client against a server on loopback that answers as Confluent's API does. */
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createSchemaRegistry, RegistryUnavailable } from '../../src/kafka/registry.ts';
import { framed, readFramed } from '../../src/kafka/wire-format.ts';

const never = new AbortController().signal;
const servers: Server[] = [];

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Answers with what stands under the path; 404 for all others. */
async function registryOf(answers: Readonly<Record<string, { status: number; body: object }>>) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      asked.push({ method, url, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
      const answer = answers[url ?? ''] ?? { status: 404, body: { error_code: 40403, message: 'Schema not found' } };
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { asked, host: `127.0.0.1:${address.port}` };
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

describe('the schema registry', () => {
  it('is asked once for each schema, below the path of its URL and with its user', async () => {
    const { asked, host } = await registryOf({ '/base/schemas/ids/7': { status: 200, body: { schema: '"string"' } } });
    const registry = createSchemaRegistry(`http://me:secret@${host}/base/`);
    const both = await Promise.all([registry.schemaOf(7, never), registry.schemaOf(7, never)]);
    expect(both).toEqual([1, 2].map(() => ({ kind: 'found', schemaText: '"string"' })));
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect(asked).toEqual([{ method: 'GET', url: '/base/schemas/ids/7', authorization, body: '' }]);
  });

  it('may not have a schema, or one that is not Avro: what names it is unknown, and is asked for again later', async () => {
    const { asked, host } = await registryOf({
      '/schemas/ids/2': { status: 200, body: { schema: '{}', schemaType: 'JSON' } },
      '/schemas/ids/3': { status: 200, body: { schema: '"a"', references: [{ name: 'b' }] } },
    });
    let now = 0;
    const registry = createSchemaRegistry(`http://${host}`, {
      fetch,
      startTimer: () => () => {},
      nowMs: () => now,
    });
    expect(await registry.schemaOf(1, never)).toEqual({ kind: 'unknown', message: 'the registry has no schema 1' });
    expect(await registry.schemaOf(2, never)).toEqual({ kind: 'unknown', message: 'schema 2 is JSON, not Avro' });
    expect((await registry.schemaOf(3, never)).kind).toBe('unknown');
    await registry.schemaOf(1, never);
    expect(asked.length).toBe(3);
    now = 40_000;
    await registry.schemaOf(1, never);
    expect(asked.length).toBe(4);
  });

  it('is asked again by whoever waited for the answer to another one, who has gone', async () => {
    const requests: ((answer: Response) => void)[] = [];
    const registry = createSchemaRegistry('http://registry.example', {
      fetch: () => new Promise((resolve) => requests.push(resolve)),
      startTimer: () => () => {},
      nowMs: () => 0,
    });
    const gone = new AbortController();
    const first = registry.schemaOf(7, gone.signal);
    const second = registry.schemaOf(7, never);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await expect.poll(() => requests.length).toBe(2);
    requests[1]?.(Response.json({ schema: '"int"' }));
    expect(await second).toEqual({ kind: 'found', schemaText: '"int"' });
  });

  it('that is down or fails is unavailable, which names it without its secrets', async () => {
    const { host } = await registryOf({ '/schemas/ids/1': { status: 500, body: {} } });
    await expect(createSchemaRegistry(`http://${host}`).schemaOf(1, never)).rejects.toThrow(
      `the schema registry at http://${host} answered 500 when it was asked for schema 1`,
    );
    const none = createSchemaRegistry('http://me:verysecret@127.0.0.1:1/path').schemaOf(1, never);
    await expect(none).rejects.toThrow(RegistryUnavailable);
    await expect(none).rejects.toThrow(
      /^the schema registry at http:\/\/127.0.0.1:1 could not be asked: (?!.*verysecret)/,
    );
  });

  it('takes schemas under a subject, and says why it refuses one', async () => {
    const { asked, host } = await registryOf({
      '/subjects/pay%2Fments-value/versions': { status: 200, body: { id: 12 } },
      '/subjects/old-value/versions': { status: 409, body: { error_code: 409, message: 'incompatible: field a' } },
    });
    const registry = createSchemaRegistry(`http://${host}`);
    expect(await registry.register('pay/ments-value', '"int"', never)).toEqual({ kind: 'registered', schemaId: 12 });
    expect(asked[0]?.body).toBe('{"schema":"\\"int\\""}');
    const refused = await registry.register('old-value', '"int"', never);
    expect(refused).toEqual({ kind: 'refused', message: 'incompatible: field a' });
  });

  it('numbers a message in front of its datum', () => {
    const message = framed(258, Buffer.from([9, 8]));
    expect([...message]).toEqual([0, 0, 0, 1, 2, 9, 8]);
    expect(readFramed(message)).toEqual({ schemaId: 258, datum: Buffer.from([9, 8]) });
    expect([Buffer.from([0, 0, 0, 1]), Buffer.from([1, 0, 0, 0, 1, 5])].map(readFramed)).toEqual([null, null]);
  });
});
