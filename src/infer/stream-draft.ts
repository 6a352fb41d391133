/** A stream's schema and section, as drafted from a file: names, event time, key and what of its format is not standard. */
import { annotated } from '../messages/annotated.ts';
import type { AvroField, AvroRecord, AvroSchema } from '../messages/avro.ts';
import { uniquelyNamed } from './unique-names.ts';

/** A field as it was found, before a role is chosen for it. */
export interface FoundField {
  /** As the file calls it. */
  readonly title: string;
  readonly type: AvroSchema;
  readonly isNullable: boolean;
  /** How many different values among how many, as far as was counted. */
  readonly distinct: number;
  readonly values: number;
  /** What it can be read as where an event time is wanted; null where it is no time. */
  readonly time: FoundTime | null;
}

export interface FoundTime {
  /** What the stream has to say of its times for that. */
  readonly format: Readonly<Record<string, unknown>>;
  readonly lagMs: number;
  /** It is none for certain: a number whose name and size are those of a time. */
  readonly isGuess: boolean;
}

export interface Found {
  readonly fields: readonly FoundField[];
  readonly records: number;
  /** So many will be dead letters. */
  readonly misfits: number;
  /** By format, csv or jsonl: what is not standard. */
  readonly format: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Which of the formats' sections is for times: csv or jsonl; null where the file's times say themselves what they are. */
  readonly timesIn: 'csv' | 'jsonl' | null;
  /** Whether a column that has another name than its field is named by `rename`. */
  readonly canRename: boolean;
}

export interface Draft {
  readonly name: string;
  readonly schema: AvroRecord;
  /** The section `streams.NAME`, but for its schema. */
  readonly section: Readonly<Record<string, unknown>>;
  readonly records: number;
  readonly misfits: number;
}

/** What keeps a file from being a stream, in words. */
export class DraftError extends Error {}

const INSTANT: AvroSchema = annotated('long', 'timestamp-millis');
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Columns of the tables that a stream has. */
const TAKEN = ['partition', 'log_offset'];

export function draftOf(name: string, found: Found): Draft {
  const names = namesOf(found);
  const time = eventTimeOf(found.fields);
  if (time === null) {
    const all = found.fields.map(({ title }) => title).join(', ');
    throw new DraftError(`no column is a time, and each event of a stream has one; there are ${all}`);
  }
  const key = keyOf(found.fields, time);
  const records = new Set([recordName(name)]);
  const fields = found.fields.map((field): AvroField => {
    const own = names.get(field) ?? field.title;
    if (field === time) return { name: own, type: INSTANT };
    const type = uniquelyNamed(field.type, records);
    return field.isNullable ? { name: own, type: nullableType(type), default: null } : { name: own, type };
  });
  const renamed = Object.fromEntries([...names].flatMap(([{ title }, own]) => (title === own ? [] : [[title, own]])));
  const format = formatOf(found, time, found.canRename ? renamed : {});
  const lagMs = time.time?.lagMs ?? 0;
  return {
    name,
    schema: { type: 'record', name: recordName(name), fields },
    section: {
      key: names.get(key),
      eventTime: names.get(time),
      ...(lagMs === 0 ? {} : { watermark: { outOfOrderness: durationText(lagMs) } }),
      ...(Object.keys(format).length === 0 ? {} : { format }),
    },
    records: found.records,
    misfits: found.misfits,
  };
}

/** A stream's name, of a file's. */
export function streamName(path: string): string {
  const base = path.split('/').at(-1) ?? '';
  const plain = base
    .replace(/\.(gz|zst)$/, '')
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^[^A-Za-z]+|_+$/g, '')
    .toLowerCase();
  return plain === '' ? 'events' : plain;
}

function recordName(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

/** Names that Avro allows, no two of which differ in case alone. */
export function namesOf({ fields, canRename }: Found): ReadonlyMap<FoundField, string> {
  const names = new Map<FoundField, string>();
  const taken = new Set(TAKEN);
  for (const field of fields) {
    const plain = field.title.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
    const base = /^[A-Za-z_][A-Za-z0-9_]*$/.test(field.title)
      ? field.title
      : /^\d/.test(plain)
        ? `_${plain}`
        : plain || 'column';
    let name = base;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}_${n}`;
    if (name !== field.title && !canRename) {
      throw new DraftError(
        `${JSON.stringify(field.title)} is no name that a field can have; call it ${name} in the file`,
      );
    }
    taken.add(name.toLowerCase());
    names.set(field, name);
  }
  const titles = fields.map(({ title }) => title);
  const twice = titles.find((title, i) => titles.indexOf(title) < i);
  if (twice !== undefined) throw new DraftError(`two columns are called ${JSON.stringify(twice)}`);
  return names;
}

const TIME_NAME = /time|date|when|timestamp|_at$|At$|^at$|^ts$|_ts$/i;

/** A time that is never missing: one that is called so before others, and a certain one before a guess. */
function eventTimeOf(fields: readonly FoundField[]): FoundField | null {
  const times = fields.filter(({ time, isNullable }) => time !== null && !isNullable);
  const certain = times.filter(({ time }) => time?.isGuess === false);
  const [first] = certain.length > 0 ? certain : times;
  return (certain.length > 0 ? certain : times).find(({ title }) => TIME_NAME.test(title)) ?? first ?? null;
}

const ID_NAME = /(^|_)(id|key|code|uuid|no|nr|number)$|(Id|Key|Code|Number)$/;

/** One that says which: an id that comes again, else a text that does, else any id, else what can be a key; at last the time. */
function keyOf(fields: readonly FoundField[], time: FoundField): FoundField {
  const able = fields.filter(
    (field) => field !== time && !field.isNullable && isKeyType(field.type) && field.values > 0,
  );
  const again = able.filter(({ distinct, values }) => distinct < values * 0.9);
  const isId = ({ title }: FoundField): boolean => ID_NAME.test(title);
  const isText = ({ type }: FoundField): boolean => type === 'string';
  return again.find(isId) ?? again.find(isText) ?? able.find(isId) ?? able.find(isText) ?? again[0] ?? able[0] ?? time;
}

function isKeyType(type: AvroSchema): boolean {
  return type === 'string' || type === 'int' || type === 'long' || (isMapOf(type) && type.logicalType === 'uuid');
}

function isMapOf(
  type: AvroSchema,
): type is Exclude<AvroSchema, string | readonly AvroSchema[]> & { logicalType?: unknown } {
  return typeof type === 'object' && !Array.isArray(type);
}

export function nullableType(type: AvroSchema): AvroSchema {
  return Array.isArray(type) ? ['null', ...type.filter((branch) => branch !== 'null')] : ['null', type];
}

function formatOf({ format, timesIn }: Found, { time }: FoundField, rename: Readonly<Record<string, string>>) {
  const csv = {
    ...format.csv,
    ...(Object.keys(rename).length === 0 ? {} : { rename }),
    ...(timesIn === 'csv' ? time?.format : {}),
  };
  const jsonl = { ...format.jsonl, ...(timesIn === 'jsonl' ? time?.format : {}) };
  return {
    ...(Object.keys(csv).length === 0 ? {} : { csv }),
    ...(Object.keys(jsonl).length === 0 ? {} : { jsonl }),
  };
}

/** Rounded up, so that no event of the file is late. */
function durationText(ms: number): string {
  if (ms > 2 * DAY_MS) return `${Math.ceil(ms / DAY_MS)}d`;
  return `${Math.ceil(ms / SECOND_MS)}s`;
}
