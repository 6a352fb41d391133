/** The labels of a stream's features: where they come from, and how one finds its event. */
import { COMPANIONS } from '../../builtin-types.ts';
import { type Report, unknownField } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import { type Companion, companionOf } from '../../messages/companion.ts';
import { fieldAt, isWholeNumber } from '../../streams/field-type.ts';
import type { Reading } from '../section.ts';
import type { Relation } from './relation.ts';
import type { RawFeature } from './written-feature.ts';

/** Where labels come from, and how a label finds its event. */
export interface FeatureLabels {
  /** The stream's name in the file, whether the stream is declared or not. */
  readonly stream: string;
  readonly isDeclared: boolean;
  /** Whether the events of the features' own stream bring labels with them. */
  readonly areBeside: boolean;
  readonly id: { readonly label: string; readonly event: string };
  /** The field of the label that has the event's time; null where no field has it. */
  readonly eventTime: string | null;
}

export interface KnownLabels {
  readonly found: FeatureLabels;
  readonly schemas: readonly AvroRecord[];
  /** The streams of labels that are declared. */
  readonly streams: readonly Relation[];
}

export type Entries = readonly (readonly [string, RawFeature])[];

/** The labels of a stream's entries. All entries of a stream have the same labels, or none. */
export function labelsOf(entries: Entries, relation: Relation, reading: Reading): KnownLabels | null {
  const said = entries.filter(([, { labels }]) => labels !== null);
  const [[first = '', raw] = []] = said;
  if (raw?.labels == null) return null;
  const { report } = reading;
  const written = typeof raw.labels === 'string' ? { stream: raw.labels, on: undefined } : raw.labels;
  for (const [other, { labels }] of said) {
    if (JSON.stringify(labels) !== JSON.stringify(raw.labels)) {
      report(['features', other, 'labels'], `are other ones than those of features.${first}, of the same stream`);
    }
  }
  const at = ['features', first, 'labels'];
  const companion = companionOf(COMPANIONS, relation.schema);
  const beside: Companion | null = companion?.stream.name === written.stream ? companion : null;
  const isDeclared = reading.file.streams !== undefined && declares(reading.file.streams, written.stream);
  const declared = isDeclared || beside === null ? reading.relation(written.stream, at) : null;
  if (declared === null && beside === null) return null;
  const schemas = [...(beside === null ? [] : [beside.schema]), ...(declared === null ? [] : [declared.schema])];
  const id = idOf(written.on, schemas, relation, at, report);
  const isTimed = schemas.every((schema) => fieldAt(schema, relation.eventTime) !== undefined);
  const found: FeatureLabels = {
    stream: written.stream,
    isDeclared: declared !== null,
    areBeside: beside !== null,
    id: { label: id, event: id },
    eventTime: isTimed ? relation.eventTime : null,
  };
  return { found, schemas, streams: declared === null ? [] : [declared] };
}

function declares(streams: unknown, name: string): boolean {
  return typeof streams === 'object' && streams !== null && Object.hasOwn(streams, name);
}

/** The field by which a label finds its event, and which both have: the one that is said, or else the label's first. */
function idOf(
  said: string | undefined,
  schemas: readonly AvroRecord[],
  { schema, name }: Relation,
  at: readonly string[],
  report: Report,
): string {
  const all = [schema, ...schemas];
  const shared = schemas[0]?.fields
    .map((field) => field.name)
    .filter((field) => all.every((each) => fieldAt(each, field)));
  const id = said ?? shared?.[0] ?? '';
  const lacking = all.find((each) => fieldAt(each, id) === undefined);
  if (id === '') report(at, `labels have no field in common with ${name}: write \`labels: { stream: …, on: … }\``);
  else if (lacking !== undefined) report([...at, 'on'], unknownField(lacking, id));
  else if (all.some((each) => !isWholeNumber(fieldAt(each, id)!)))
    report(at, `${id} is no whole number: name another field as \`on\``);
  return id;
}
