/** The part of a commit that is for a sink: the sections of its streams, and the events in them. */
import type { Pending } from '../actors/delivery-queue.ts';
import type { Commit, Section } from '../messages/commit.ts';
import { jsonOf } from '../messages/event-json.ts';
import type { Registry } from '../messages/registry.ts';
import { derivedEvents, derivedStreamOf, LATE, type StreamEvent } from '../messages/stream-events.ts';
import { tombstoneType } from '../messages/types.ts';
import type { Sink } from '../sinks/sink.ts';
import { ALERTS, outputOf } from '../tables.ts';
import type { RunningStream } from './pipeline.ts';

export interface SinkEvents {
  /** Whether a section may hold events for the sink. */
  wants(stream: string, section: Section): boolean;
  /** Events of a commit from an offset on, in order. */
  of(log: string, firstOffset: number, commit: Commit, fromOffset: number): Generator<Pending>;
}

export function createSinkEvents(
  from: readonly string[],
  registry: Registry,
  streams: ReadonlyMap<string, RunningStream>,
  { keepsOrder, takesDeletions }: Pick<Sink, 'keepsOrder' | 'takesDeletions'>,
): SinkEvents {
  const wanted = new Set(from);
  const wantsLate = from.some((name) => name.endsWith(LATE));

  /** The stream's own events, as they were taken in. */
  function isInput(stream: string, { role, fingerprint }: Section): boolean {
    return role === 'input' && registry.nameOf(fingerprint) === streams.get(stream)?.eventType.name;
  }
  function isDeletions({ fingerprint }: Section): boolean {
    return takesDeletions === true && registry.nameOf(fingerprint) === tombstoneType.name;
  }
  function wants(stream: string, section: Section): boolean {
    if (isInput(stream, section) || isDeletions(section)) return wanted.has(stream);
    if (alertsOf(registry, section) !== null) return wanted.has(ALERTS);
    const name = derivedStreamOf(registry, outputOf, stream, section);
    return name === LATE ? wantsLate : name !== null && wanted.has(name);
  }
  function* eventsOf(stream: string, section: Section): Generator<StreamEvent & { readonly id?: string }> {
    if (isInput(stream, section)) {
      const { eventType, config } = streams.get(stream) ?? {};
      if (eventType === undefined) return;
      for (const event of registry.decodeAs(eventType, section.fingerprint, section.bytes)) {
        const key = event[config?.key ?? ''];
        const json = jsonOf({ stream, ...event });
        yield { stream, key: key == null ? null : String(key), json, value: event, form: eventType };
      }
      return;
    }
    if (isDeletions(section)) {
      for (const value of registry.decodeAs(tombstoneType, section.fingerprint, section.bytes)) {
        const json = jsonOf({ stream, ...value });
        yield { stream, key: String(value.key), json, value, form: tombstoneType, isDeletion: true };
      }
      return;
    }
    const alerts = alertsOf(registry, section);
    if (alerts === null) return yield* derivedEvents(registry, outputOf, stream, section);
    for (const alert of registry.decodeAs(alerts.type, section.fingerprint, section.bytes)) {
      const { [alerts.key]: key, [alerts.id]: id } = alert;
      const json = jsonOf(alert);
      yield { stream: ALERTS, key: String(key), id: String(id), json, value: alert, form: alerts.type };
    }
  }

  return {
    wants,
    *of(log, firstOffset, { stream, committedAt, sections }, fromOffset) {
      let offset = firstOffset;
      for (const section of sections) {
        const end = offset + section.count;
        if (end > fromOffset && wants(stream, section)) {
          for (const { id = `${log}/${offset}`, ...event } of eventsOf(stream, section)) {
            if (offset >= fromOffset && wanted.has(event.stream)) {
              const yields = keepsOrder !== true && event.stream === ALERTS;
              yield { event: { ...event, id, log, offset, committedAt }, sinceMs: committedAt, attempts: 0, yields };
            }
            offset += 1;
          }
        }
        offset = end;
      }
    },
  };
}

/**
 * The type of a section's alerts, with the fields that are their key and id, where a domain declares the section to be
 * alerts.
 */
function alertsOf(registry: Registry, { fingerprint }: Section) {
  const record = registry.nameOf(fingerprint) ?? '';
  const { key, alertId: id } = outputOf(record) ?? {};
  const type = registry.builtin(record);
  return key === undefined || id === undefined || type === undefined ? null : { type, key, id };
}
