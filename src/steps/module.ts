/** `score: { module: ./score.ts, memory: 512mb, into: STREAM }`: a user's function in a process of its own. */
import { z } from 'zod';
import { formatSize } from '../keys/units.ts';
import { size } from '../keys/value-schema.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { checkModuleFile, ModuleError } from '../user-code/module-file.ts';
import { stepAdapter } from './adapter.ts';
import { intoStream } from './into-stream.ts';
import { eventReader, NoEvent } from './json-events.ts';
import type { StepContext, StepOutcome } from './step.ts';

const MEMORY_MIN_BYTES = 16 * 1024 ** 2;
const EVENTS_TOGETHER = 5_000;

export const moduleStep = stepAdapter({
  kind: 'module',
  schema: z
    .string()
    .min(1)
    .describe('A JavaScript or TypeScript file whose default export is a function of the context; see defineStep.'),
  beside: {
    memory: size.prefault('512MB').describe('What it may take; more ends the attempt.'),
    into: z.string().nullable().default(null).describe('The stream that the `events` it returns go into.'),
  },
  derive: (module, { memory, into }, resolve) => ({ module: resolve(module), memoryBytes: memory, into }),
  print: ({ module, memoryBytes, into }) => [module, { memory: formatSize(memoryBytes), into }],
  check({ module, memoryBytes, into }, place, report) {
    try {
      checkModuleFile(module);
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      report(['module'], error.message);
    }
    if (memoryBytes < MEMORY_MIN_BYTES) report(['memory'], `must be ${formatSize(MEMORY_MIN_BYTES)} at least`);
    if (into !== null) intoStream(into, place, report);
  },
  into: ({ into }) => into,
  open({ module, memoryBytes, into }, host) {
    const stream = into === null ? null : { into, schema: host.stream(into).schema };
    return {
      async attempt(context, signal): Promise<StepOutcome> {
        const task = { module, memoryBytes, call: callOf(context) };
        const end = await host.processes.runModule(task, signal, context.log);
        if (end.kind === 'unusable') return { kind: 'permanent', reason: end.reason };
        if (end.kind !== 'returned') return { kind: 'retryable', reason: end.reason, waitMs: null };
        const returned: unknown = end.json === null ? null : JSON.parse(end.json);
        if (stream === null) return { kind: 'done', records: 0, output: returned };
        if (!hasEvents(returned)) {
          const reason = `${module} has \`into: ${stream.into}\`, and did not return { events: […] }`;
          return { kind: 'permanent', reason };
        }
        const { events: listed, ...output } = returned;
        const read = eventReader(stream.into, stream.schema, 'event');
        try {
          const events = listed.map((event) => read(JSON.stringify(event)));
          const type = dynamicEventType(stream.schema);
          return {
            kind: 'done',
            records: events.length,
            output: { ...output, stream: stream.into, events: events.length },
            async publish() {
              for (let from = 0; from < events.length; from += EVENTS_TOGETHER) {
                await host.deliver(stream.into, type, events.slice(from, from + EVENTS_TOGETHER));
              }
            },
          };
        } catch (error) {
          if (error instanceof NoEvent) return { kind: 'permanent', reason: error.message };
          throw error;
        }
      },
    };
  },
});

function callOf({ log: _, item, ...call }: StepContext) {
  return { ...call, item: item?.value ?? null };
}

function hasEvents(returned: unknown): returned is { readonly events: readonly unknown[] } {
  return typeof returned === 'object' && returned !== null && 'events' in returned && Array.isArray(returned.events);
}
