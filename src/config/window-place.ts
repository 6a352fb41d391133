/** Where the events of a window come together: in the partitions of its stream, or in those of an exchange. */
import { createHash } from 'node:crypto';
import { functionsIn, type UserFunction } from '../sql/user-function.ts';
import { type GroupKey, isOfSeveral, keyTexts } from '../streams/group-key.ts';
import type { WindowSpec } from '../streams/window-kind.ts';
import { canSumUp } from '../streams/window-summary.ts';
import type { KnownExchanges } from './declared-operator.ts';
import { isKeptTogether, isOfStream, type Relation, readBy, viewOf } from './sections/relation.ts';

interface Grouping extends Pick<WindowSpec, 'window' | 'earlyMs' | 'where' | 'language' | 'aggregates'> {
  readonly name: string;
  /** null: one group. */
  readonly key: GroupKey;
  /** Which groups are given; absent for all of them. */
  readonly top?: unknown;
  /** Functions of users that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
}

type Keyed = Pick<Grouping, 'key' | 'top'>;

/** The partitions that a window runs in. */
export interface WindowPlace {
  /** What the partitions' logs are named for. */
  readonly log: string;
  readonly partitions: number;
  readonly isExchange: boolean;
  /** One partition gets all events, whatever their key. */
  readonly isWhole: boolean;
  /** It is the only window there, and its log has sums in place of events. */
  readonly sumsUp: boolean;
}

export function windowPlace(window: Grouping, of: Relation, known: KnownExchanges): WindowPlace {
  const read = readBy(of);
  if (isOfStream(of) && !spansPartitions(window, of)) {
    return { log: read.name, partitions: read.partitions, isExchange: false, isWhole: false, sumsUp: false };
  }
  for (const before of [formerName(read.name), wholeName(of)]) {
    if (known.windowsOf(before).includes(window.name)) return { ...WHOLE, log: before };
  }
  const log = exchangeOf(window, of);
  if (isWhole(window)) return { ...WHOLE, log, sumsUp: canSumUp(window) };
  const partitions = known.partitionsOf(log) ?? of.partitions;
  return { log, partitions, isExchange: true, isWhole: false, sumsUp: false };
}

const WHOLE = { partitions: 1, isExchange: true, isWhole: true, sumsUp: false } as const;

/**
 * The hash of what makes sums. A window can't use sums that were made otherwise, so it then has another log, from the
 * first event on.
 */
function hashOfSums({ window, where, language, aggregates, functions = [] }: Grouping, of: Relation): string {
  const sums = [window, where, language, aggregates, viewOf(of), functions.map(({ sha256 }) => sha256)];
  return createHash('sha256').update(JSON.stringify(sums)).digest('hex').slice(0, 8);
}

/**
 * The exchange of a window. Windows that are keyed by the same fields share the log of an exchange, and so do those of
 * a stream that need all of its events. A window that goes by sums has a log of its own.
 */
export function exchangeOf(window: Grouping, of: Relation): string {
  if (isWhole(window)) {
    return canSumUp(window) ? `${wholeName(of)}.${window.name}-${hashOfSums(window, of)}` : wholeName(of);
  }
  return `${of.name}.by.${keyTexts(window.key)
    .map((text) => wordOf(text, window.functions ?? []))
    .join('-')}`;
}

function wholeName(of: Relation): string {
  return `${readBy(of).name}.all`;
}

/**
 * The word for a key in the name of a log. A field is its own name, which has no dash. An expression is its words with
 * a hash of its text and of the modules of its functions, since another module may send a key to another partition.
 */
function wordOf(text: string, all: readonly UserFunction[]): string {
  if (/^[A-Za-z_][\w.]*$/.test(text)) return text;
  const words = (text.match(/\w+/g) ?? []).join('_').slice(0, WORDS_LENGTH);
  const hash = createHash('sha256').update(text);
  for (const { sha256 } of functionsIn([text], all).functions ?? []) hash.update(sha256);
  return `${words}-${hash.digest('hex').slice(0, 8)}`;
}

const WORDS_LENGTH = 40;

function isWholeGroup({ key, top }: Keyed): boolean {
  return key === null || (top !== undefined && top !== null);
}

/**
 * Whether one partition needs all events. Rows of a table move from one group to another, so one partition has all
 * groups.
 */
function isWhole(window: Grouping): boolean {
  return isWholeGroup(window) || window.window.kind === 'table';
}

/** Whether one partition of the stream has all events of a group, because they share its key. */
export function areGroupsWithin(window: Keyed, of: Relation): boolean {
  const { key } = window;
  if (isWholeGroup(window)) return false;
  return isOfSeveral(key) ? key.some(({ field }) => isKeptTogether(of, field)) : isKeptTogether(of, key);
}

/** Whether a result of the window may need events of several partitions. */
function spansPartitions(window: Grouping, of: Relation): boolean {
  return of.partitions > 1 && !areGroupsWithin(window, of);
}

/** The only log that took in everything, in versions before there were exchanges. */
function formerName(stream: string): string {
  return `${stream}.repartition`;
}
