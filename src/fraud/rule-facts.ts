/**
 * The names that a rule over transactions may use beside the event's own fields: `session.count`, and the customer's
 * own amounts before this one. The detector knows them row by row.
 */
import type { AvroField, AvroRecord } from '../messages/avro.ts';
import type { Column, Columns } from '../messages/columns.ts';

interface Fact {
  readonly path: string;
  readonly type: 'long' | 'double';
  readonly doc: string;
}

const FACTS = [
  { path: 'session.count', type: 'long', doc: 'Transactions of the session so far, this one included.' },
  { path: 'customer.count', type: 'long', doc: 'Transactions of the customer before this one.' },
  { path: 'customer.meanCents', type: 'double', doc: 'Mean of their amounts; 0 for the first.' },
  {
    path: 'customer.deviations',
    type: 'double',
    doc: 'Distance of the amount from that mean, in standard deviations.',
  },
] as const satisfies readonly Fact[];

export type FactPath = (typeof FACTS)[number]['path'];

/** A value a row of the block at hand. */
export type FactColumns = { readonly [Path in FactPath]: Float64Array };

/** The event's fields and the facts as one record. A field of the event hides the facts of its name. */
export function recordWithFacts(event: AvroRecord): AvroRecord {
  const names = new Set<string>(FACTS.map(({ path }) => groupOf(path)));
  const records = [...names].map(
    (name): AvroField => ({
      name,
      type: {
        type: 'record',
        name,
        fields: FACTS.filter(({ path }) => groupOf(path) === name).map(({ path, type, doc }) => ({
          name: path.slice(name.length + 1),
          type,
          doc,
        })),
      },
    }),
  );
  const own = new Set(event.fields.map(({ name }) => name));
  return { ...event, fields: [...event.fields, ...records.filter(({ name }) => !own.has(name))] };
}

export function newFacts(rows: number): FactColumns {
  return {
    'session.count': new Float64Array(rows),
    'customer.count': new Float64Array(rows),
    'customer.meanCents': new Float64Array(rows),
    'customer.deviations': new Float64Array(rows),
  };
}

/** The columns of a block with those of the facts, whose values may be filled in later. */
export function columnsWithFacts(columns: Columns, facts: FactColumns): Columns {
  const known = new Map<string, Column>(
    Object.entries(facts).map(([path, values]) => [path, { kind: 'number', values, exact: null, nulls: null }]),
  );
  return {
    ...columns,
    column: (path) => columns.column(path) ?? known.get(path),
    numbers: (path) => columns.numbers(path),
  };
}

function groupOf(path: string): string {
  return path.slice(0, path.indexOf('.'));
}
