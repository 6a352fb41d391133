/** A topic as a sink: which outlet a delivery goes through. */
import { expect, it } from 'vitest';
import { createKafkaSink } from '../../../src/sinks/kafka/kafka-sink.ts';
import { streamEvent } from '../event-fixture.ts';

const never = new AbortController().signal;

function sinkThrough(take: (outlet: number) => Promise<void>) {
  let opened = 0;
  const done: string[] = [];
  const sink = createKafkaSink({
    name: 'out',
    batch: { events: 10, bytes: 1000 },
    topic: 't',
    brokers: ['b'],
    async open() {
      const own = ++opened;
      return {
        async take() {
          await take(own);
          done.push(`taken by ${own}`);
        },
        async close() {
          done.push(`closed ${own}`);
        },
      };
    },
  });
  return { sink, done };
}

// kafkajs counts the sequence numbers of a producer wrongly once a send has failed (tulios/kafkajs#598).
it('an outlet that has failed takes nothing more: it is closed, and the next delivery goes through another one', async () => {
  const { sink, done } = sinkThrough(async (outlet) => {
    if (outlet === 1) throw new Error('the leader has moved');
  });
  await expect(sink.deliver([streamEvent(0)], never)).rejects.toThrow('topic t: Kafka at b: the leader has moved');
  for (let i = 0; i < 2; i++) await sink.deliver([streamEvent(0)], never);
  expect(done).toEqual(['closed 1', 'taken by 2', 'taken by 2']);
});

it('a delivery that is given up waits for no broker, and what it has begun counts for nothing', async () => {
  const giveUp = new AbortController();
  const { sink, done } = sinkThrough((outlet) => (outlet === 1 ? new Promise(() => {}) : Promise.resolve()));
  const delivery = sink.deliver([streamEvent(0)], giveUp.signal);
  giveUp.abort(new Error('stopped'));
  await expect(delivery).rejects.toThrow('stopped');
  await sink.deliver([streamEvent(0)], never);
  expect(done).toEqual(['closed 1', 'taken by 2']);
});
