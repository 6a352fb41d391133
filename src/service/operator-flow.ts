/** How operators are doing: events in and out a second, the state that each holds, and the share of a core that each uses. */
import type { OperatorStatus } from '../http/operator-status.ts';
import type { HeldInPartition } from './held-states.ts';
import type { Meters } from './meters.ts';

export interface OperatorFlow {
  /** To be called before the meters take the time. */
  tick(): void;
  operators(): readonly OperatorStatus[];
}

/** The name of the meter for a stream that operators give. */
export const outputMeter = (stream: string): string => `output:${stream}`;

export function createOperatorFlow(held: () => readonly HeldInPartition[], meters: Meters): OperatorFlow {
  const busyBefore = new Map<string, number>();
  const rateOf = (stream: string): number =>
    meters.meter(`source:${stream}`).perSecond + meters.meter(outputMeter(stream)).perSecond;
  return {
    tick() {
      for (const state of held()) {
        const id = busyMeter(state);
        const before = busyBefore.get(id) ?? 0;
        busyBefore.set(id, state.busyMs);
        // The time of a partition that was opened again starts over.
        meters.meter(id).add(state.busyMs >= before ? state.busyMs - before : state.busyMs);
      }
    },
    operators() {
      const byId = new Map<string, [HeldInPartition, ...HeldInPartition[]]>();
      for (const state of held()) {
        const id = `${state.kind}:${state.operator}`;
        const same = byId.get(id);
        if (same === undefined) byId.set(id, [state]);
        else same.push(state);
      }
      return [...byId].map(([id, states]) => statusOf(id, states, rateOf, meters));
    },
  };
}

const busyMeter = ({ log, kind, operator }: HeldInPartition): string => `busy:${log}/${kind}:${operator}`;

function statusOf(
  id: string,
  states: readonly [HeldInPartition, ...HeldInPartition[]],
  rateOf: (stream: string) => number,
  meters: Meters,
): OperatorStatus {
  const [{ operator, kind, inputs, outputs }] = states;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const partitions = states.map((state) => ({
    log: state.log,
    keys: state.keys,
    busyShare: meters.meter(busyMeter(state)).perSecond / 1000,
  }));
  const bytes = states.flatMap((state) => (state.bytes === null ? [] : [state.bytes]));
  return {
    id,
    operator,
    kind,
    inputs,
    outputs,
    eventsInPerSecond: sum(inputs.map(rateOf)),
    eventsOutPerSecond: sum(outputs.map((stream) => meters.meter(outputMeter(stream)).perSecond)),
    eventsOut: sum(outputs.map((stream) => meters.meter(outputMeter(stream)).total)),
    keys: sum(states.map(({ keys }) => keys)),
    bytes: bytes.length === 0 ? null : sum(bytes),
    busyShare: sum(partitions.map(({ busyShare }) => busyShare)),
    partitions,
  };
}
