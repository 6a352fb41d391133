/** `millrace journal`: shows, verifies, repairs and prunes the journal. */
import { requireJournal } from '../data-directory/require-journal.ts';
import {
  actionOf,
  CONFIG_OPTION,
  type Command,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  type OptionValues,
} from './command.ts';
import { UsageError } from './exit.ts';
import { cat } from './journal-cat.ts';
import { inspect } from './journal-inspect.ts';
import { prune } from './journal-prune.ts';
import { repair } from './journal-repair.ts';
import { recall, tier } from './journal-tier.ts';
import { verify } from './journal-verify.ts';

/** Resolves with the exit code. */
type Action = (dataDir: string, values: OptionValues, word: string | undefined) => Promise<number>;

const ACTIONS: Readonly<
  Record<string, { readonly run: Action; readonly word?: string; readonly options: readonly string[] }>
> = {
  inspect: { run: inspect, options: [] },
  verify: { run: verify, options: ['fetch'] },
  repair: { run: repair, options: ['log', 'dry-run'] },
  cat: {
    run: cat,
    word: 'STREAM|LOG',
    options: ['partition', 'from', 'to', 'since', 'until', 'type', 'limit', 'follow'],
  },
  prune: { run: prune, options: ['age', 'size', 'dry-run'] },
  tier: { run: tier, options: ['to', 'age', 'size'] },
  recall: { run: recall, options: [] },
};
const SHARED: readonly string[] = ['config', 'data', 'json', 'debug', 'help'];

export const journalCommand: Command = {
  name: 'journal',
  summary: `look into the journal of a data directory, and keep it in order

  inspect          logs, segments, offsets, times and sizes
  verify           check every checksum, footer, snapshot, schema and offset; exit code 3 when one is wrong
  repair           take what verify finds out of the way: what is whole stays, what is lost is said (--dry-run first)
  cat STREAM|LOG   events as JSON lines, also beside a running service
  prune            drop old segments that nobody needs any more (--dry-run first)
  tier             send old segments to the place that journal.tier names, or --to; a service does so by itself
  recall           bring those segments back to this disk`,
  usage: 'journal inspect|verify|repair|cat|prune|tier|recall [--data DIR | --config FILE] [--json] …',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    'dry-run': { type: 'boolean', help: 'repair, prune: say what would be done, and change nothing' },
    log: { type: 'string', value: 'LOG', help: 'repair: this log only' },
    partition: { type: 'string', value: 'N', help: 'cat: of this partition only' },
    from: { type: 'string', value: 'OFFSET', help: 'cat: from this event on' },
    to: {
      type: 'string',
      value: 'OFFSET|PLACE',
      help: 'cat: up to this event, exclusive; tier: a folder, or s3://bucket/prefix',
    },
    since: { type: 'string', value: 'INSTANT', help: 'cat: committed then or later' },
    until: { type: 'string', value: 'INSTANT', help: 'cat: committed before' },
    type: { type: 'string', value: 'TYPE,…', help: 'cat: events of these types only' },
    limit: { type: 'string', value: 'N', help: 'cat: stop after so many events' },
    follow: { type: 'boolean', help: 'cat: go on with what the service commits' },
    fetch: { type: 'boolean', help: 'verify: fetch what is kept elsewhere, and compare it too' },
    age: { type: 'string', value: 'DURATION', help: 'prune, tier: segments whose events are all older, such as 30d' },
    size: {
      type: 'string',
      value: 'SIZE',
      help: 'prune, tier: the oldest segments of a log that is larger, such as 10GB',
    },
  },
  async run(values, words) {
    const name = actionOf('journal', words.slice(0, 1), Object.keys(ACTIONS));
    const [, word, ...rest] = words;
    const action = ACTIONS[name];
    if (action === undefined) throw new UsageError(`there is no journal ${name}`);
    const stray = action.word === undefined ? word : rest[0];
    if (stray !== undefined) throw new UsageError(`journal ${name} takes no further word; there was ${stray}`);
    const foreign = Object.keys(values).find((option) => !SHARED.includes(option) && !action.options.includes(option));
    if (foreign !== undefined) throw new UsageError(`journal ${name} does not take --${foreign}`);
    const dataDir = await dataDirOf(values);
    requireJournal(dataDir);
    return action.run(dataDir, values, word);
  },
};
