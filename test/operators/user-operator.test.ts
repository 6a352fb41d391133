/** What user code sees and leaves: state, timers, outputs and failures of one operator, by itself. */
import { defineOperator } from 'millrace';
import { testOperator } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { readDefinition } from '../../src/operators/definition.ts';
import { createUserOperator, type UserOperatorSpec } from '../../src/operators/user-operator.ts';
import { UnreadableStateError } from '../../src/streams/operator.ts';
import { END_OF_TIME_MS } from '../../src/streams/watermark.ts';
import velocity from './velocity.ts';

const PAYMENTS = { 'payments.transactions': 'customerId' };
const payment = (customerId: number, occurredAt: number, amountCents = 100) => ({
  transactionId: occurredAt,
  customerId,
  terminalId: 1,
  amountCents,
  occurredAt,
});
const TICKS = { ticks: { key: 'string', n: 'int', at: 'timestamp-millis' } } as const;
const tick = (key: string, n: number, at: number) => ({ key, n, at });

describe('an operator', () => {
  it('counts by key, writes what it emits with key and time, and forgets by its timer', () => {
    const test = testOperator(velocity, { input: PAYMENTS, options: { limit: 2 } });
    for (const second of [0, 10, 20, 30]) test.send('payments.transactions', payment(7, second * 1000));
    test.send('payments.transactions', payment(8, 31_000));
    expect(test.output('breaches')).toEqual([
      { key: 7, card: 7, count: 3, ts: 20_000 },
      { key: 7, card: 7, count: 4, ts: 30_000 },
    ]);
    expect(test.timers(7)).toEqual([60_000]);
    test.watermark(59_999);
    expect(test.state(7)).toEqual({ count: 4, firstAt: 0 });
    test.restart();
    test.watermark(60_000);
    expect(test.state(7)).toBeNull();
    expect(test.state(8)).toEqual({ count: 1, firstAt: 0 });
    expect(test.keyCount()).toBe(1);
  });

  it('fires timers by instant, then by which key came first, once each, also after a restart', () => {
    const operator = defineOperator({
      events: TICKS,
      outputs: { fired: { at: 'long', watermark: 'long' } },
      on: {
        ticks(event, _, ctx) {
          // 2 and 1 are the same instants again.
          for (const at of [event.n, event.n + 10, event.n]) ctx.timer(at);
          ctx.deleteTimer(event.n + 20);
        },
      },
      onTimer(at, _, ctx) {
        ctx.emit('fired', { at, watermark: ctx.watermark });
        if (at < 30) ctx.timer(at + 20);
      },
    });
    const test = testOperator(operator, { input: { ticks: 'key' } });
    test.send('ticks', tick('b', 10, 0), tick('a', 10, 0), tick('c', 5, 0));
    test.restart();
    test.watermark(30);
    expect(test.output('fired').map(({ key, ts }) => [key, ts])).toEqual([
      ['c', 5],
      ['b', 10],
      ['a', 10],
      ['c', 15],
      ['b', 20],
      ['a', 20],
      ['c', 25],
      ['b', 30],
      ['a', 30],
    ]);
    expect(test.timers('c')).toEqual([35, 45]);
    expect(test.timers('b')).toEqual([40]);
  });

  it('gives at the end of input what is open, and keeps it open', () => {
    const operator = defineOperator({
      events: TICKS,
      state: { sum: 'int' },
      outputs: { sums: { sum: 'int' } },
      on: {
        ticks(event, state, ctx) {
          state.sum += event.n;
          ctx.timer(1000);
        },
      },
      onTimer(at, state, ctx) {
        ctx.emit('sums', { sum: state.sum });
        state.sum = 0;
        ctx.timer(at + 1000);
      },
    });
    const test = testOperator(operator, { input: { ticks: 'key' } });
    test.send('ticks', tick('a', 1, 0), tick('a', 2, 0));
    test.endOfInput();
    expect(test.output('sums')).toEqual([{ key: 'a', sum: 3, ts: 1000 }]);
    expect(test.state('a')).toEqual({ sum: 3 });
    test.send('ticks', tick('a', 4, 0));
    test.watermark(1000);
    expect(test.output('sums')).toEqual([{ key: 'a', sum: 7, ts: 1000 }]);
    // A timer that sets itself again ends with time, too.
    test.watermark(END_OF_TIME_MS);
    expect(test.output('sums')).toHaveLength(1);
  });

  it('tells the watermark, so that what is late can be told', () => {
    const operator = defineOperator({
      events: TICKS,
      outputs: { late: { byMs: 'long' } },
      on: {
        ticks(event, _, ctx) {
          if (event.at <= ctx.watermark) ctx.emit('late', { byMs: ctx.watermark - event.at });
        },
      },
    });
    const test = testOperator(operator, { input: { ticks: 'key' } });
    test.send('ticks', tick('a', 0, 5));
    test.watermark(9);
    test.send('ticks', tick('a', 0, 9), tick('a', 0, 10), tick('a', 0, 4));
    expect(test.output('late').map(({ byMs }) => byMs)).toEqual([0, 5]);
  });

  it('draws chance that a replay repeats, evenly', () => {
    const operator = defineOperator({
      events: TICKS,
      outputs: { drawn: { value: 'double' } },
      on: {
        ticks({ n }, _, ctx) {
          for (let i = 0; i < 20; i++) ctx.emit('drawn', { value: ctx.random(20 * n + i) });
        },
      },
    });
    const draw = (): number[] => {
      const test = testOperator(operator, { input: { ticks: 'key' } });
      for (let n = 0; n < 100; n++) test.send('ticks', tick('a', n, 0));
      return test.output('drawn').map(({ value }) => value);
    };
    const drawn = draw();
    expect(draw()).toEqual(drawn);
    expect(new Set(drawn).size).toBe(2000);
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    // The mean of 2000 even draws has a deviation of 0.0065.
    expect(Math.abs(drawn.reduce((sum, value) => sum + value, 0) / 2000 - 0.5)).toBeLessThan(0.03);
  });
});

describe('a call that fails', () => {
  const failing = defineOperator({
    events: TICKS,
    state: { count: 'int', tags: { type: 'array', items: 'string' } },
    outputs: { seen: { n: 'int' } },
    on: {
      ticks(event, state, ctx) {
        state.count += 1;
        state.tags.push(String(event.n));
        ctx.emit('seen', { n: event.n });
        ctx.timer(event.n);
        ctx.deleteTimer(1);
        if (event.n === 13) throw new Error('13 is bad luck');
        if (event.n === 14) ctx.emit('seen', JSON.parse('{"n":"fourteen"}'));
        if (event.n === 15) state.count = 0.5;
        if (event.n === 16) return Promise.resolve() as unknown as undefined;
        if (event.n === 17) Object.assign(state, { more: 1 });
        if (event.n === 18) ctx.emit('seen', JSON.parse('{"n":18,"m":1}'));
        if (event.n === 19) state.tags.push(JSON.parse('19'));
        return undefined;
      },
    },
    onTimer(at) {
      if (at === 2) throw new Error('2 as well');
    },
  });

  it('leaves state, timers and outputs as they were, and the event is a dead letter', () => {
    const test = testOperator(failing, { input: { ticks: 'key' }, onError: 'deadLetter' });
    test.send('ticks', tick('a', 1, 5));
    for (const n of [13, 14, 15, 16, 17, 18, 19]) test.send('ticks', tick('a', n, 5), tick('b', n, 6));
    test.send('ticks', tick('a', 2, 7));
    expect(test.state('a')).toEqual({ count: 2, tags: ['1', '2'] });
    expect(test.state('b')).toBeNull();
    expect(test.timers('a')).toEqual([2]);
    expect(test.output('seen').map(({ n }) => n)).toEqual([1, 2]);
    const letters = test.deadLetters();
    expect(letters).toHaveLength(14);
    expect(letters[0]).toEqual({
      reason: 'operator-failed',
      detail: 'an event of ticks of 1970-01-01T00:00:00.005Z: 13 is bad luck',
      event: { key: 'a', n: 13, at: 5 },
    });
    expect([2, 4, 6, 8, 10, 12].map((i) => letters[i]?.detail.replace(/.*Z: /, ''))).toEqual([
      'seen.n can\'t be "fourteen": its schema says otherwise',
      'the state has 0.5 as count, which its schema does not allow',
      'a handler may not be async: it is done when it returns. Fetch in a job, and join with its table',
      'the state has 1 as more, which its schema does not allow',
      'seen has no field m; it has n',
      'the state has 19 as tags.2, which its schema does not allow',
    ]);
    test.watermark(10);
    expect(test.deadLetters()).toMatchObject([
      { detail: 'the timer at 2 of key "a": 2 as well', event: { key: 'a', timer: 2 } },
    ]);
    expect(test.timers('a')).toEqual([]);
  });

  it('is thrown with the name of the operator, by default', () => {
    const test = testOperator(failing, { name: 'luck', input: { ticks: 'key' } });
    expect(() => test.send('ticks', tick('a', 13, 5))).toThrow(
      'The operator luck failed on an event of ticks of 1970-01-01T00:00:00.005Z: 13 is bad luck',
    );
    expect(test.state('a')).toBeNull();
  });

  it('has no context once it has returned', () => {
    let emit = (): void => {};
    const leaking = defineOperator({
      events: TICKS,
      outputs: { seen: { n: 'int' } },
      on: {
        ticks(_, __, ctx) {
          emit = () => ctx.emit('seen', { n: 1 });
        },
      },
    });
    testOperator(leaking, { input: { ticks: 'key' } }).send('ticks', tick('a', 1, 1));
    expect(emit).toThrow('ctx.emit() was called after the handler had returned');
  });
});

describe('a time to live', () => {
  const counting = defineOperator({
    events: TICKS,
    state: { count: 'int' },
    outputs: { counts: { count: 'int' } },
    on: {
      ticks(event, state, ctx) {
        state.count += 1;
        ctx.emit('counts', { count: state.count });
        if (event.n > 0) ctx.timer(event.n);
      },
    },
    onTimer() {},
  });
  it('evicts keys by event time, those with timers after them', () => {
    const test = testOperator(counting, { input: { ticks: 'key' }, ttlMs: 100 });
    test.send('ticks', tick('a', 0, 0), tick('b', 0, 50), tick('c', 500, 0));
    test.watermark(99);
    expect(test.keyCount()).toBe(3);
    test.restart();
    test.watermark(100);
    expect([test.state('a'), test.state('b')]).toEqual([null, { count: 1 }]);
    test.watermark(400);
    expect(test.keyCount()).toBe(1);
    test.watermark(599);
    expect(test.keyCount()).toBe(1);
    test.watermark(600);
    expect(test.keyCount()).toBe(0);
  });
  it('holds for an event of the key, however far the watermark is', () => {
    const test = testOperator(counting, { input: { ticks: 'key' }, ttlMs: 100 });
    test.send('ticks', tick('a', 0, 0), tick('a', 0, 99), tick('a', 0, 198), tick('a', 0, 298));
    expect(test.output('counts').map(({ count }) => count)).toEqual([1, 2, 3, 1]);
  });
});

describe('broadcast input', () => {
  const limits = defineOperator({
    key: 'string',
    events: { ...TICKS, limits: { limit: 'int', at: 'timestamp-millis' } },
    state: { sum: 'int' },
    broadcast: { limit: 'int' },
    initialBroadcast: () => ({ limit: 100 }),
    outputs: { over: { sum: 'int', limit: 'int' } },
    on: {
      ticks(event, state, ctx) {
        state.sum += event.n;
        if (state.sum > ctx.broadcast.limit) ctx.emit('over', { sum: state.sum, limit: ctx.broadcast.limit });
      },
    },
    onBroadcast: {
      limits(event, broadcast, ctx) {
        if (event.limit < 0) throw new Error('below 0');
        broadcast.limit = event.limit;
        ctx.forEachKey((state, key) => {
          if (state.sum > event.limit) key.emit('over', { sum: state.sum, limit: event.limit });
          if (event.limit === 0) key.clear();
        });
      },
    },
  });
  it.each([1, 4])('is seen by each of %i partitions, and read by all keys', (partitions) => {
    const input = { ticks: 'key', limits: null };
    const test = testOperator(limits, { input, partitions, onError: 'deadLetter' });
    for (const key of ['a', 'b', 'c', 'd']) test.send('ticks', tick(key, 50, 0));
    // In the order of their times, whichever stream comes first.
    test.send('limits', { limit: 55, at: 2 });
    test.send('ticks', tick('b', 6, 3));
    test.send('ticks', tick('a', 10, 1));
    expect(test.output('over')).toEqual([]);
    test.restart();
    test.watermark(3);
    expect(test.output('over')).toEqual([
      { key: 'a', sum: 60, limit: 55, ts: 2 },
      { key: 'b', sum: 56, limit: 55, ts: 3 },
    ]);
    expect(test.broadcast()).toEqual({ limit: 55 });
    test.send('limits', { limit: 0, at: 4 }, { limit: -1, at: 5 });
    test.endOfInput();
    const everyKey = ['a', 'b', 'c', 'd'];
    const keys = () => test.output('over').map(({ key }) => key);
    expect(keys().sort()).toEqual(everyKey);
    expect(test.keyCount()).toBe(4);
    expect(test.deadLetters()).toHaveLength(partitions);
    test.watermark(5);
    expect(keys().sort()).toEqual(everyKey);
    expect(test.keyCount()).toBe(0);
    expect(test.broadcast()).toEqual({ limit: 0 });
  });
});

describe('state of an older definition', () => {
  const v1 = { count: 'int', gone: 'string' } as const;
  const spec = (state: object, input: string | null = 'key'): UserOperatorSpec => ({
    name: 'own',
    definition: readDefinition({
      millrace: 'operator',
      spec: { state, on: { ticks: count } },
    }),
    inputs: [{ stream: 'ticks', key: input, schema: null }],
    keyType: 'string',
    options: {},
    order: 'arrival',
    ttlMs: null,
    onError: 'fail',
  });
  function count(_: object, state: { count: number }): void {
    state.count += 1;
  }
  function filled() {
    const operator = createUserOperator(spec(v1));
    const type = dynamicEventType({ type: 'record', name: 'Tick', fields: [{ name: 'key', type: 'string' }] });
    const columns = type.columns(type.encodeBlock([{ key: 'a' }, { key: 'b' }, { key: 'a' }]));
    operator.begin({ stream: 'ticks', columns, timesMs: new Float64Array(3), watermarkMs: 0, at: null });
    for (let row = 0; row < 3; row++) operator.add(row);
    return operator.snapshot();
  }
  it('is kept when a field went, when one with a default came, and when a number grew wider', () => {
    const next = createUserOperator(spec({ count: 'long', limit: { type: 'int', default: 7 }, note: 'string?' }));
    next.restore(filled());
    expect(next.read('a')?.state).toEqual({ count: 2, limit: 7, note: null });
    expect(next.keyCount()).toBe(2);
  });
  it.each([
    ['a field without a default', spec({ count: 'int', gone: 'string', limit: 'int' })],
    ['a field of another type', spec({ count: 'string', gone: 'string' })],
    ['another key', spec(v1, 'n')],
  ])('can not be read with %s', (_, changed) => {
    expect(() => createUserOperator(changed).restore(filled())).toThrow(UnreadableStateError);
  });
});

describe('a definition', () => {
  const on = { ticks: () => {} };
  it.each([
    [undefined, 'the module has nothing as its default export'],
    [{}, 'the module has something else as its default export'],
    [{ millrace: 'operator', spec: {} }, 'on: has no handler for any stream'],
    [{ millrace: 'operator', spec: { on, outputs: { a: { b: 'lnog' } } } }, 'outputs.a: b: there is no type "lnog"'],
    [
      { millrace: 'operator', spec: { on, outputs: { a: { ts: 'long' } } } },
      'outputs.a.ts: every output has key and ts',
    ],
    [{ millrace: 'operator', spec: { on, outputs: { 'a b': {} } } }, 'outputs.a b: a name has letters'],
    [{ millrace: 'operator', spec: { on, state: { a: { type: 'record' } } } }, 'state: '],
    [{ millrace: 'operator', spec: { on, state: 'int' } }, 'state: is no schema'],
    [{ millrace: 'operator', spec: { on, onTimmer: () => {} } }, 'onTimmer: an operator has no such part'],
    [{ millrace: 'operator', spec: { on: { ticks: 1 } } }, 'on.ticks: must be a function'],
  ])('%j is refused in words', (exported, message) => {
    expect(() => readDefinition(exported)).toThrow(message);
  });
});
