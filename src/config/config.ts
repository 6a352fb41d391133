/** The configuration as the service uses it: what the sections give, checked and derived, with units in its names. */
import { z } from 'zod';
import { unknownName } from '../keys/names.ts';
import { TABLES } from '../tables.ts';
import type { DeclaredOperator } from './declared-operator.ts';
import { outputNamesOf } from './output-names.ts';
import type { Reading, Section } from './section.ts';
import type { Relation } from './sections/relation.ts';
import { SECTIONS } from './sections.ts';

type Given<S> = S extends Section<string, infer Field, unknown, infer Value> ? { readonly [F in Field]: Value } : never;
type All<Union> = (Union extends unknown ? (each: Union) => void : never) extends (each: infer Each) => void
  ? Each
  : never;

export interface Config extends All<Given<(typeof SECTIONS)[number]>> {}
type Parts = { -readonly [Field in keyof Config]?: Config[Field] };

/** The file as it is written. It is strict: an unknown key is an error. */
export const fileSchema = z.strictObject(Object.fromEntries(SECTIONS.map(({ key, schema }) => [key, schema])));

/**
 * Derives the configuration from a well-formed file. What does not hold is reported, and the result is of use only when
 * nothing was.
 */
export function deriveConfig(given: Omit<Reading, 'relation' | 'outputs' | 'judgeOf' | 'open'>): Config {
  const open: string[] = [];
  const reading: Reading = {
    ...given,
    open,
    relation: (name, at, character) => relationOf(name, at, reading, character),
    outputs: () => SECTIONS.flatMap((section) => section.outputsOf(reading)),
    judgeOf: (stream) =>
      SECTIONS.map((section) => section.judge(reading)).find((judge) => judge?.stream === stream) ?? null,
  };
  checkStreamNames(reading);
  const parts: Parts = {};
  for (const section of SECTIONS) section.put(parts, reading);
  return withViews(whole(parts));
}

/** The configuration with its secrets replaced: what may be shown. */
export function redacted(config: Config): Config {
  const parts: Parts = {};
  for (const section of SECTIONS) section.putRedacted(parts, config);
  return whole(parts);
}

/** Every operator of a pipeline, section by section. */
export function declaredOperators(config: Config): DeclaredOperator[] {
  return SECTIONS.flatMap((section) => section.operators(config));
}

/** Every name that a line of the output can have. */
export function outputNames(config: Config): string[] {
  return outputNamesOf({ ...config, builtin: SECTIONS.flatMap((section) => section.outputs(config)) });
}

function relationOf(name: string, at: readonly string[], reading: Reading, character?: number): Relation | null {
  const { open, report } = reading;
  for (const section of SECTIONS) {
    const entry = section.relationEntry(name, reading);
    if (entry === null) continue;
    if (open.includes(entry)) {
      report(at, `is of itself: ${[...open.slice(open.indexOf(entry)), entry].join(' → ')}`);
      return null;
    }
    const found = section.relation(name, reading, at);
    if (found !== undefined) return found;
  }
  const known = SECTIONS.flatMap((section) => section.relationNames(reading)).filter((each) => !open.includes(each));
  const message = unknownName('stream', name, known);
  report(at, character === undefined ? message : `at character ${character}: ${message}`, character);
  return null;
}

/** The configuration with what its views and rules mean among its windows, joins and derived streams. */
function withViews(config: Config): Config {
  const { windows, joins, derived, views, rules } = config;
  return {
    ...config,
    windows: [...windows, ...views.flatMap((view) => view.windows)],
    joins: [...joins, ...views.flatMap((view) => view.joins)],
    derived: [...derived, ...views.flatMap((view) => view.derived), ...rules.flatMap((rule) => rule.derived ?? [])],
  };
}

/** The configuration as the file says it, without the windows, joins and derived streams that views and rules mean. */
export function withoutViews(config: Config): Config {
  const { windows, joins, derived, views, rules } = config;
  const isOwn = ({ name }: { readonly name: string }): boolean =>
    !rules.some((rule) => rule.name === name) &&
    !views.some((view) => [...view.windows, ...view.joins, ...view.derived].some((each) => each.name === name));
  return { ...config, windows: windows.filter(isOwn), joins: joins.filter(isOwn), derived: derived.filter(isOwn) };
}

function whole(parts: Parts): Config {
  if (!isWhole(parts)) throw new Error('a section gave nothing');
  return parts;
}

function isWhole(parts: Parts): parts is Config {
  return SECTIONS.every(({ field }) => field in parts);
}

/** Two streams must differ in more than case: tables of the analytics store and some file systems do not tell case. */
function checkStreamNames(reading: Reading): void {
  const taken = new Map<string, { readonly key: string; readonly name: string }>();
  for (const { key, streamNames } of SECTIONS) {
    for (const name of streamNames(reading)) {
      const report = (message: string): void => reading.report([key, name], message);
      const reserved = reservedIn(name);
      if (reserved !== null) report(`${reserved} is for derived streams; choose another name`);
      const folded = name.toLowerCase();
      const other = taken.get(folded);
      if (other?.name === name) report(`the name is taken: ${other.key}.${name} has it`);
      else if (other !== undefined) report(`is too like the name ${other.name}, which is taken`);
      taken.set(folded, { key, name });
    }
  }
}

/** Names of built-in streams up to their dot. */
const RESERVED = new Set(['millrace', ...TABLES.flatMap(({ output }) => output?.stream.split('.', 1) ?? [])]);

/** The part of a name that no stream of the file may have; null for a name without one. */
function reservedIn(name: string): string | null {
  const [first = ''] = name.split('.', 1);
  if (first !== name && RESERVED.has(first)) return `${first}.`;
  return /\.(late|dead-letters|repartition)$/.exec(name)?.[0] ?? null;
}
