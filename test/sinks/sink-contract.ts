/**
 * What every sink has to hold. A receiver is made for each test: it says what it has taken, and can be told to fail. The
 * rules are those that a delivery relies on: nothing is taken for delivered that is not, and an event keeps its id.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryError, type Sink, type SinkEvent } from '../../src/sinks/sink.ts';
import { alertEvent, streamEvent } from './event-fixture.ts';

export interface Taken {
  readonly id: string;
  /** The event, without its id. */
  readonly value: unknown;
}

/** How a receiver behaves from now on. */
export type Behaviour = 'takes' | 'fails for now' | 'refuses for good' | 'never answers';

export interface Subject {
  readonly sink: Sink;
  taken(): readonly Taken[];
  close(): Promise<void>;
}

export interface SinkContract {
  readonly name: string;
  /** Those that its receiver can show. */
  readonly behaviours: readonly Behaviour[];
  start(behaviour: () => Behaviour): Promise<Subject>;
}

const never = new AbortController().signal;

export function describeSink({ name, behaviours, start }: SinkContract): void {
  describe(`the sink contract, ${name}`, () => {
    const subjects: Subject[] = [];
    afterEach(async () => {
      for (const subject of subjects.splice(0)) await subject.close();
    });
    async function open(behaviour: () => Behaviour = () => 'takes'): Promise<Subject> {
      const subject = await start(behaviour);
      subjects.push(subject);
      return subject;
    }
    const bodyOf = ({ json }: SinkEvent): unknown => JSON.parse(json);
    const fits = (sink: Sink, events: readonly SinkEvent[]): readonly SinkEvent[] => events.slice(0, sink.batch.events);

    it('has a name, and takes at least one event at once', async () => {
      const { sink } = await open();
      expect(sink.name).not.toBe('');
      expect(sink.batch.events).toBeGreaterThanOrEqual(1);
      expect(sink.batch.bytes).toBeGreaterThan(0);
    });

    it('has handed over all events with their ids, in order, once it says so', async () => {
      const { sink, taken } = await open();
      const events = fits(sink, [streamEvent(1), alertEvent('a'), streamEvent(7, 'clicks.late', 'clicks-3')]);
      await sink.deliver(events, never);
      expect(taken()).toEqual(events.map((event) => ({ id: event.id, value: bodyOf(event) })));
    });

    it('hands over what is not ASCII, and what looks like the end of a line or an array', async () => {
      const { sink, taken } = await open();
      const odd = { stream: 's', text: 'Málaga 🙂 "]}\n\u2028', nested: { list: [1, null] } };
      await sink.deliver([{ ...streamEvent(1, 's', 's-0'), key: null, json: JSON.stringify(odd) }], never);
      expect(taken()).toEqual([{ id: 's-0/1', value: odd }]);
    });

    it('gives an event the same id each time', async () => {
      const { sink, taken } = await open();
      for (let i = 0; i < 3; i++) await sink.deliver([streamEvent(5)], never);
      expect(new Set(taken().map(({ id }) => id))).toEqual(new Set(['clicks-0/5']));
    });

    it('takes a single event that is larger than its batches', async () => {
      const { sink, taken } = await open();
      const json = JSON.stringify({ stream: 's', text: 'x'.repeat(sink.batch.bytes) });
      await sink.deliver([{ ...streamEvent(1, 's', 's-0'), key: null, json }], never);
      expect(taken()).toHaveLength(1);
    });

    for (const behaviour of behaviours.filter((own) => own === 'fails for now' || own === 'refuses for good')) {
      it(`rejects what its receiver ${behaviour}, says whether that can change, and delivers it later`, async () => {
        let now: Behaviour = behaviour;
        const { sink, taken } = await open(() => now);
        const error = await sink.deliver([streamEvent(1)], never).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(Error);
        const isPermanent = error instanceof DeliveryError && error.fault.kind === 'permanent';
        expect(isPermanent).toBe(behaviour === 'refuses for good');
        now = 'takes';
        await sink.deliver([streamEvent(1)], never);
        expect(taken().map(({ id }) => id)).toEqual(['clicks-0/1']);
      });
    }

    if (behaviours.includes('never answers')) {
      it('ends when it is aborted, and does not say that the events were taken', async () => {
        const { sink } = await open(() => 'never answers');
        const abort = new AbortController();
        const delivery = sink.deliver([streamEvent(1)], abort.signal);
        setTimeout(() => abort.abort(new Error('stopped')), 20);
        await expect(delivery).rejects.toBeInstanceOf(Error);
      });
    }
  });
}
