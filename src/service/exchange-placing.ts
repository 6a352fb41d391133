/**
 * The partitions of an exchange's events, for keys that call functions of users. They are computed before the split, where
 * a call that does not return is noticed.
 */
import type { Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import type { CallCutOff } from '../messages/streams.ts';
import type { PlacedSections } from '../partition/exchange.ts';
import type { Exchange, ExchangeReading } from '../partition/exchange-route.ts';
import { namesFunctions } from '../sql/user-function.ts';
import type { RowPlacer } from '../workers/watched-placing.ts';

interface Placed {
  readonly placed?: PlacedSections;
  /** Calls that did not return. */
  readonly cutOffs: readonly CallCutOff[];
}

export type PlaceSections = (log: string, sections: readonly Section[]) => Promise<Placed>;

const NOTHING: Placed = { cutOffs: [] };

export function createPlacing(
  { name: exchange, partitions }: Exchange,
  readings: readonly ExchangeReading[],
  registry: Registry,
  startPlacer: (() => RowPlacer) | undefined,
  signal: AbortSignal,
): { readonly place: PlaceSections; close(): Promise<void> } {
  const calling = readings.filter((reading) => partitions > 1 && reading.key !== null && callsUsers(reading));
  const placer = calling.length === 0 ? undefined : startPlacer?.();
  if (placer === undefined) return { place: async () => NOTHING, close: async () => {} };
  return {
    async place(log, sections) {
      const known = new Map<ExchangeReading, Map<Section, Int32Array>>();
      const cutOffs: CallCutOff[] = [];
      for (const reading of calling) {
        if (!reading.logs.includes(log)) continue;
        const { gives, logs: _, ...input } = reading;
        const own = new Map<Section, Int32Array>();
        known.set(reading, own);
        for (const section of sections) {
          const { role, fingerprint, count, bytes } = section;
          if (role !== gives.role || count === 0 || registry.nameOf(fingerprint) !== gives.type.name) continue;
          const writer = registry.writerOf(fingerprint)?.json ?? gives.type.json;
          const block = { fingerprint, count, bytes };
          const task = { exchange, partitions, input, schema: gives.type.schema, block, writer };
          const found = await placer.place(task, signal);
          own.set(section, found.partitionOfRow);
          cutOffs.push(...found.cutOffs);
        }
      }
      return { placed: (reading, section) => known.get(reading)?.get(section), cutOffs };
    },
    close: placer.close,
  };
}

/** Whether the key, or the derived stream that is read, calls functions of users. */
function callsUsers({ functions, of }: ExchangeReading): boolean {
  return namesFunctions({ functions, of });
}
