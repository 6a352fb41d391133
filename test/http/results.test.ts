/** What a request for results may ask, and how it is refused; and that a CSV is whole or says so. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import { type CannedService, cannedRoutes, cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

let service: CannedService;
let server: HttpServer;
beforeEach(async () => {
  service = cannedService();
  server = await startHttp({
    view: service.view,
    domainRoutes: cannedRoutes,
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
  });
});
afterEach(() => server.close());

const get = async (path: string) => ask(server.url, `/api/v1/${path}`);

describe('a request for results', () => {
  test.each<[string, object]>([
    ['windows', { of: 'windows', name: null, key: null, fromMs: null, toMs: null, revisions: 'newest', limit: 100 }],
    ['windows?window=by_country&key=DE', { name: 'by_country', key: { kind: 'is', text: 'DE' } }],
    ['windows?window=by_country&key=null', { key: { kind: 'is', text: 'null' } }],
    ['windows?window=by_country&key=', { key: { kind: 'is', text: '' } }],
    ['windows?window=by_country&nullKey=true', { key: { kind: 'isNull' } }],
    ['windows?window=by_country&keyPrefix=%C3%BC%20%00', { key: { kind: 'beginsWith', text: 'ü \0' } }],
    ['windows?window=by_customer&key=17', { key: { kind: 'is', text: '17' } }],
    ['windows?window=by_customer&key=-0017', { key: { kind: 'is', text: '-17' } }],
    ['windows?window=by_customer&key=null', { key: { kind: 'isNull' } }],
    ['windows?window=per_minute&key=null', { key: { kind: 'isNull' } }],
    ['windows?from=-5&to=2018-04-01T00:00:00Z&revisions=all&limit=7', { fromMs: -5, toMs: 1522540800000, limit: 7 }],
    ['windows?to=2018-04-01T02:00:00%2B02:00&from=2018-04-01', { fromMs: 1522540800000, toMs: 1522540800000 }],
    ['joins?join=paid&key=o-1', { of: 'joins', name: 'paid', key: { kind: 'is', text: 'o-1' } }],
    ['late-events?window=paid', { of: 'late_events', name: 'paid' }],
    ['late-events?window=by_customer', { of: 'late_events', name: 'by_customer' }],
  ])('%s', async (path, query) => {
    expect((await get(path)).status).toBe(200);
    expect(service.asked.at(-1)).toMatchObject(query);
  });

  test.each<[string, number, string]>([
    ['windows?window=by_contry', 404, 'There are: per_minute, by_customer, by_country.'],
    ['windows?window=paid', 404, 'There are: per_minute, by_customer, by_country.'],
    ['joins?join=by_country', 404, 'There are: paid.'],
    ['late-events?window=x', 404, 'There are: per_minute, by_customer, by_country, paid.'],
    ['windows?name=by_country', 400, 'There is no parameter name here.'],
    ['windows?window=a&window=b', 400, 'The parameter window=a,b is not valid.'],
    ['windows?window=by_customer&key=x', 400, 'The parameter key=x is not valid.'],
    ['windows?window=by_customer&key=1.5', 400, 'A key of by_customer is a whole number, or null.'],
    ['windows?window=per_minute&key=x', 400, 'one group over all'],
    ['windows?key=a&keyPrefix=b', 400, 'one is given'],
    ['windows?key=%FF', 400, 'not UTF-8'],
    ['windows?nullKey=yes', 400, 'The parameter nullKey=yes is not valid.'],
    ['windows?from=yesterday', 400, 'The parameter from=yesterday is not valid.'],
    ['windows?to=2018-13-01', 400, 'The parameter to=2018-13-01 is not valid.'],
    ['windows?from=2&to=1', 400, 'not before `from`'],
    ['windows?from=99999999999999999999', 400, 'from='],
    ['windows?limit=0', 400, 'limit=0'],
    ['windows?limit=1001', 400, 'from 1 to 1000'],
    ['windows?limit=ten', 400, 'limit=ten'],
    ['windows?revisions=some', 400, 'newest or all'],
    ['windows?format=xml', 400, 'json or csv'],
    ['windows?cursor=abc', 400, 'x-next-cursor'],
    [`windows?cursor=${Buffer.from('[1,"w",true,"k",2,0,1e999]').toString('base64url')}`, 400, 'cursor='],
    [`windows?cursor=${Buffer.from('[1,2,3,4,5,6,7]').toString('base64url')}`, 400, 'cursor='],
    ['joins?revisions=all', 400, 'There is no parameter revisions here.'],
  ])('%s is refused with %i', async (path, status, words) => {
    const answer = await get(path);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(words)]);
    expect(service.asked).toEqual([]);
  });

  test('an answer that is not whole says where it goes on, and that reads on', async () => {
    const answer = await get('windows?window=by_country&limit=2&key=x');
    expect(JSON.parse(answer.text)).toHaveLength(2);
    const cursor = String(answer.headers['x-next-cursor']);
    expect(answer.headers.link).toBe(`</api/v1/windows?window=by_country&limit=2&key=x&cursor=${cursor}>; rel="next"`);
    await get(`windows?window=by_country&limit=2&key=x&cursor=${cursor}`);
    expect(service.asked.at(-1)).toMatchObject({ after: [1, 'w', true, 'k', 2, 0, 3] });
    expect((await get('windows?limit=3')).headers).not.toHaveProperty('x-next-cursor');
  });

  test('a CSV has a line a row, quoted as RFC 4180 says, and nothing that a spreadsheet would run', async () => {
    const { text, headers } = await get('windows?format=csv');
    expect(text).toBe(
      'window,key,start_at,end_at,revision,count,aggregates\r\n' +
        'by_country,"a,""b""\r\nc",2000,3000,0,1,"{""top"":""=1+1,\\""x\\""""}"\r\n' +
        'by_country,,1000,2000,0,1,"{""top"":""=1+1,\\""x\\""""}"\r\n' +
        `by_country,'=cmd,0,1000,0,1,"{""top"":""=1+1,\\""x\\""""}"\r\n`,
    );
    expect(headers['content-disposition']).toBe('attachment; filename="windows.csv"');
  });

  test('a CSV without a limit has all pages; with one it says where it goes on; one that fails breaks off', async () => {
    await server.close();
    let pages = 0;
    const row = { window: 'by_country', key: 'k', start_at: 0, end_at: 1, revision: 0, count: 1, aggregates: '{}' };
    let failsAt = Number.POSITIVE_INFINITY;
    const view: CannedService['view'] = {
      ...service.view,
      async results({ limit, after }) {
        pages += 1;
        if (pages === failsAt) throw new Error('the store is gone');
        const from = after?.[0] ?? 0;
        const to = Math.min(12_500, from + limit);
        const rows = Array.from({ length: to - from }, (_, i) => ({ ...row, start_at: from + i }));
        return { rows, next: to < 12_500 ? [to, 'by_country', true, 'k', 0, 0, 0] : null };
      },
    };
    server = await startHttp({ view, host: '127.0.0.1', port: 0, logger: silentLogger });
    const starts = (text: string) =>
      text
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((line) => Number(line.split(',')[2]));
    expect(starts((await get('windows?format=csv')).text)).toEqual(Array.from({ length: 12_500 }, (_, i) => i));
    expect(pages).toBe(3);
    const part = await get('windows?format=csv&limit=10');
    expect([starts(part.text).length, part.headers.link]).toEqual([10, expect.stringContaining('rel="next"')]);
    pages = 0;
    failsAt = 3;
    await expect(get('windows?format=csv')).rejects.toThrow();
  });
});

describe('a case', () => {
  test('has an address of its own, whatever is in its id', async () => {
    expect(JSON.parse((await get('cases/c-1')).text)).toMatchObject({ case_id: 'c-1', alerts: [], transactions: [] });
    expect(JSON.parse((await get(`cases/${encodeURIComponent('c/2 ü')}`)).text)).toMatchObject({ case_id: 'c/2 ü' });
    const unknown = await get('cases/c-9');
    expect([unknown.status, JSON.parse(unknown.text).error]).toEqual([404, 'unknown-case']);
  });
});

test('what a pipeline derives is listed with where its results are', async () => {
  expect(JSON.parse((await get('derived')).text)[2]).toMatchObject({
    name: 'by_country',
    keys: 'text',
    rows: '/api/v1/windows?window=by_country',
    late: '/api/v1/late-events?window=by_country',
  });
});
