/**
 * A section of the pipeline file: one key of its top, and everything about it in one place. Its schema says how the
 * section is written, `derive` what it comes to and what must hold of it, `print` how it is written back.
 *
 * A section may ask another for what that one gives (`streams.of(reading)`), so their order in the file does not matter.
 */
import type { z } from 'zod';
import type { Report } from '../keys/names.ts';
import type { duration, name } from '../keys/value-schema.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { DeclaredOperator } from './declared-operator.ts';
import type { Relation } from './sections/relation.ts';

/**
 * What the schema of a section is written with. A section beside its kind of operator is given these words, so that a
 * thread which runs such operators loads none of them.
 */
export interface SchemaWords {
  readonly z: typeof z;
  readonly name: typeof name;
  readonly duration: typeof duration;
}

/** One well-formed file while its sections are derived. What does not hold is reported. */
export interface Reading {
  /** The file as it was written, with variables and overrides in their places. */
  readonly file: Readonly<Record<string, unknown>>;
  readonly report: Report;
  /** Resolves a path of the file against the file's own directory. */
  resolve(path: string): string;
  /** Reads an Avro record schema. Throws with a message for people. */
  readSchema(path: string): AvroRecord;
  /**
   * The relation of this name, as the input of something else. Null when there is none or when it reads itself, both
   * reported at `at`, and when it is wrong in itself, which is reported there. `character` is where the text at `at`
   * has the name.
   */
  relation(name: string, at: readonly string[], character?: number): Relation | null;
  /** Built-in streams of the output that a section of the file switches on. */
  outputs(): readonly string[];
  /** The section that takes over the rules for a stream; null for none. */
  judgeOf(stream: string): Judge | null;
  /** Entries that are being derived, each of which asked for the next. */
  readonly open: string[];
}

/** A section that judges the events of a stream by the rules for it. */
export interface Judge {
  readonly stream: string;
  /** What a rule may name: the event's fields, and what the judge knows beside them. */
  facts(event: AvroRecord): AvroRecord;
  /** The stream that has the hits. */
  readonly hits: string;
  /** The most rules that it takes. */
  readonly rulesMax: number;
}

/** What a section gives as inputs of others. */
interface RelationsOf<Raw> {
  /** The entry that gives the relation of this name; null when none does. */
  entryOf(name: string, raw: Raw): string | null;
  /** The names that the section gives. */
  names(raw: Raw, reading: Reading): readonly string[];
  /**
   * The relation of this name; undefined when the entry gives none. Null when the entry is wrong, or when nothing can
   * read it, which is reported at `at`.
   */
  of(name: string, reading: Reading, at: readonly string[]): Relation | null | undefined;
}

/** A key that a user may expect with good reason, though it is not a key here. */
export interface KeyNotice {
  /** From the top of the file; `*` stands for a name that the user chooses. */
  readonly path: string;
  /**
   * The message for people. A function of the map that has the key gives the text to write where another key took its
   * place.
   */
  readonly message: string | ((map: unknown) => string);
}

/** The notice of a key that a later version brings. */
export function notYet(path: string): KeyNotice {
  return { path, message: 'is not supported yet' };
}

/** The notice of a key that another took the place of. `instead` is the text to write, with an example of a value. */
export function replaced(path: string, instead: string): KeyNotice {
  return { path, message: `is no longer a key; write \`${instead}\` instead` };
}

interface Definition<Key extends string, Raw, Value, Others> {
  /** The key of the section in the file. */
  readonly key: Key;
  /** Its descriptions are the comments of a printed file and the hints of an editor. */
  readonly schema: z.ZodType<Raw>;
  /** Names that the section gives to streams. All sections share one space of names. */
  streamNames?(raw: Raw): readonly string[];
  /** Absent when nothing can read what the section declares. */
  readonly relations?: RelationsOf<Raw>;
  /** Built-in streams of the output that this section switches on. */
  outputs?(value: Value): readonly string[];
  /** The operators that the section declares. `others` has the values of other sections. */
  operators?(value: Value, others: Others): readonly DeclaredOperator[];
  /** What the section judges by rules; null for nothing. */
  judges?(raw: Raw): Judge | null;
  /** Notices on keys that the section has no longer, or not yet, in place of "is not a key here". */
  readonly elsewhere?: readonly KeyNotice[];
  /**
   * Checks the section, also against other sections, and gives its value. The value is of use only when nothing was
   * reported.
   */
  derive(raw: Raw, reading: Reading): Value;
  /** What `derive` makes the same value of again. */
  print(value: Value): unknown;
  /** The value without its secrets, where it has any. */
  redact?(value: Value): Value;
}

export interface Section<Key extends string, Field extends string, Raw, Value, Others = unknown> {
  readonly key: Key;
  /** The name of the field in the configuration. */
  readonly field: Field;
  readonly schema: z.ZodType<Raw>;
  readonly elsewhere: readonly KeyNotice[];
  /** The section of a file as it is written, with its defaults. */
  raw(reading: Reading): Raw;
  streamNames(reading: Reading): readonly string[];
  /** The entry that gives a relation; null when none does. */
  relationEntry(name: string, reading: Reading): string | null;
  relationNames(reading: Reading): readonly string[];
  relation(name: string, reading: Reading, at: readonly string[]): Relation | null | undefined;
  /** The value of the section of a file, derived once. */
  of(reading: Reading): Value;
  outputs(config: { readonly [F in Field]: Value }): readonly string[];
  outputsOf(reading: Reading): readonly string[];
  operators(config: { readonly [F in Field]: Value } & Others): readonly DeclaredOperator[];
  judge(reading: Reading): Judge | null;
  put(into: { [F in Field]?: Value }, reading: Reading): void;
  putRedacted(into: { [F in Field]?: Value }, config: { readonly [F in Field]: Value }): void;
  print(config: { readonly [F in Field]: Value }): unknown;
}

/** A section that the configuration holds under the key that the file has. */
export function section<Key extends string, Raw, Value, Others = unknown>(
  definition: Definition<Key, Raw, Value, Others>,
): Section<Key, Key, Raw, Value, Others> {
  return sectionAs(definition.key, definition);
}

/** A section that the configuration holds under another name. */
export function sectionAs<Key extends string, Field extends string, Raw, Value, Others = unknown>(
  field: Field,
  {
    key,
    schema,
    streamNames = () => [],
    relations,
    outputs,
    operators,
    judges,
    elsewhere = [],
    derive,
    print,
    redact = (value) => value,
  }: Definition<Key, Raw, Value, Others>,
): Section<Key, Field, Raw, Value, Others> {
  const raw = once((reading) => schema.parse(reading.file[key]));
  const of = once((reading) => derive(raw(reading), reading));
  return {
    key,
    field,
    schema,
    elsewhere,
    raw,
    streamNames: (reading) => streamNames(raw(reading)),
    relationEntry: (name, reading) => relations?.entryOf(name, raw(reading)) ?? null,
    relationNames: (reading) => relations?.names(raw(reading), reading) ?? [],
    relation: (name, reading, at) => relations?.of(name, reading, at),
    of,
    outputs: (config) => outputs?.(config[field]) ?? [],
    // The section that asks may switch on none, and is not derived for it.
    outputsOf: (reading) => outputs?.(of(reading)) ?? [],
    operators: (config) => operators?.(config[field], config) ?? [],
    judge: (reading) => judges?.(raw(reading)) ?? null,
    put(into, reading) {
      into[field] = of(reading);
    },
    putRedacted(into, config) {
      into[field] = redact(config[field]);
    },
    print: (config) => print(config[field]),
  };
}

/** Derives entries of a section one by one, each once, in whatever order they are asked for. */
export function entries<Written, Value>(
  derive: (name: string, written: Written, reading: Reading) => Value | null,
): {
  all(raw: Readonly<Record<string, Written>>, reading: Reading): Value[];
  /** The derived entry of this name; null when it is wrong. */
  one(name: string, raw: Readonly<Record<string, Written>>, reading: Reading): Value | null;
} {
  const knownOf = once(() => new Map<string, Value | null>());
  function one(name: string, raw: Readonly<Record<string, Written>>, reading: Reading): Value | null {
    const known = knownOf(reading);
    const written = raw[name];
    const before = known.get(name);
    if (before !== undefined || written === undefined) return before ?? null;
    reading.open.push(name);
    const value = derive(name, written, reading);
    reading.open.pop();
    known.set(name, value);
    return value;
  }
  return { one, all: (raw, reading) => Object.keys(raw).flatMap((name) => one(name, raw, reading) ?? []) };
}

/** Computes once for a file. Readings of one file share their open entries, and differ in where they report to. */
function once<T>(compute: (reading: Reading) => T): (reading: Reading) => T {
  const known = new WeakMap<Reading['open'], { readonly value: T }>();
  return (reading) => {
    const found = known.get(reading.open) ?? { value: compute(reading) };
    known.set(reading.open, found);
    return found.value;
  };
}
