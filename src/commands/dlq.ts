/** `millrace dlq`: lists, shows and replays dead letters (refused inputs, undelivered alerts), also of a running service. */

import { ALL } from '../channel/dead-letters.ts';
import { namedStores } from '../channel/named-stores.ts';
import { ASK_OPTIONS, answered, limitOf } from './ask.ts';
import {
  actionOf,
  type Command,
  dataDirOf,
  namedConfigOf,
  type OptionValues,
  print,
  tableText,
  text,
} from './command.ts';
import { listed, replayed, shown as shownOf } from './dlq-topic.ts';
import { EXIT, UsageError } from './exit.ts';
import { withService } from './with-service.ts';

const ACTIONS = ['list', 'show', 'replay'] as const;
const LIST_LIMIT = 100;
/** A table shows so much of a detail; `show` and JSON have all of it. */
const DETAIL_CHARS = 100;

export const dlqCommand: Command = {
  name: 'dlq',
  summary: `dead letters: what was not taken in, and alerts that no sink took

  list             the newest first; those that were replayed only with --replayed. Then what PostgreSQL stores had no
                   place for, of events that stay in the journal; with --store NAME nothing else, and all of it
  show ID …        one or more, with the original
  replay ID …      read again and take in, or deliver again (--stream NAME, --reason CODE or --all; --dry-run first)

With --topic they are those in a topic of Kafka, which a sink with \`value: original\` or Kafka Connect has written.`,
  usage:
    'dlq list|show|replay [ID …] [--topic TOPIC] [--stream NAME] [--reason CODE] [--data DIR | --config FILE] [--json] …',
  options: {
    ...ASK_OPTIONS,
    stream: { type: 'string', value: 'NAME', help: 'of this stream only; `alerts` for alerts' },
    reason: { type: 'string', value: 'CODE', help: 'of this reason only, such as expectation-failed' },
    topic: { type: 'string', value: 'TOPIC', help: 'those in this topic of the cluster of the pipeline file' },
    resend: {
      type: 'boolean',
      help: 'replay --topic: those that the journal does not have go to the topic that they came from',
    },
    all: { type: 'boolean', help: 'replay: all that were not replayed' },
    store: { type: 'string', value: 'NAME', help: 'list: what this store of the pipeline file has refused' },
    replayed: { type: 'boolean', help: 'list: those that were replayed as well' },
    'dry-run': { type: 'boolean', help: 'replay: say what would come of each, and change nothing' },
    limit: { type: 'string', value: 'N', help: `list: so many at most; else ${LIST_LIMIT}` },
  },
  async run(values, [word, ...ids]) {
    const action = actionOf('dlq', word === undefined ? [] : [word], ACTIONS);
    switch (action) {
      case 'list':
        return text(values, 'store') === undefined ? list(values, ids) : listRefused(values, ids);
      case 'show':
        return show(values, ids);
      case 'replay':
        return replay(values, ids);
    }
  },
};

async function list(values: OptionValues, ids: readonly string[]): Promise<number> {
  const limit = limitOf(values, LIST_LIMIT);
  const topic = text(values, 'topic');
  const request = { ...filterOf(values, ids), replayed: values.replayed === true };
  const { rows, isCut } =
    topic === undefined
      ? await answered(values, { command: 'dlq list', request, defaultTimeout: '30s', limit })
      : await listed(values, topic, LIST_LIMIT);
  const shown = rows.map(({ detail, ...row }) => ({
    ...row,
    committed_at: instantOf(row.committed_at),
    replayed_at: instantOf(row.replayed_at),
    detail: values.json === true ? detail : shortened(String(detail)),
  }));
  const isOfAll = topic === undefined && Object.keys(filterOf(values, ids)).length === 0;
  const refused = isOfAll ? await refusedByStores(values) : [];
  const all = [...shown, ...refused];
  await print(values.json === true ? JSON.stringify(all) : tableText(all));
  if (isCut) process.stderr.write(`millrace: there are more than ${limit.toLocaleString('en')}; see --limit\n`);
  return EXIT.ok;
}

/** Of each PostgreSQL store as a row of the list. A store that is away is named, and hides no letter of the journal. */
async function refusedByStores(values: OptionValues): Promise<Readonly<Record<string, unknown>>[]> {
  const declared = await namedStores(await dataDirOf(values), await namedConfigOf(values));
  const found: Readonly<Record<string, unknown>>[] = [];
  for (const { name } of declared.filter(({ kind }) => kind === 'postgres')) {
    const sql = `SELECT table_name, log, log_offset, reason FROM millrace_refused ORDER BY table_name, log, log_offset LIMIT ${LIST_LIMIT}`;
    const asked = { command: 'query', request: { store: name, sql }, defaultTimeout: '10s', stores: { named: name } };
    try {
      const { rows } = await answered(values, asked);
      for (const { table_name: table, log, log_offset: offset, reason } of rows) {
        found.push({
          id: `${log}:${offset}`,
          stream: table,
          source: `store ${name}`,
          position: `${log}:${offset}`,
          reason: 'refused-by-store',
          committed_at: null,
          replayed_at: null,
          detail: values.json === true ? reason : shortened(String(reason)),
        });
      }
    } catch (error) {
      process.stderr.write(
        `millrace: the store ${name} can't be asked: ${error instanceof Error ? error.message : error}\n`,
      );
    }
  }
  return found;
}

async function listRefused(values: OptionValues, ids: readonly string[]): Promise<number> {
  const store = text(values, 'store') ?? '';
  if (ids.length > 0) throw new UsageError('--store lists all that the store has refused; leave the IDs out');
  const limit = limitOf(values, LIST_LIMIT);
  const sql = 'SELECT table_name, log, log_offset, reason FROM millrace_refused ORDER BY table_name, log, log_offset';
  const { rows, isCut } = await answered(values, {
    command: 'query',
    request: { store, sql },
    defaultTimeout: '30s',
    stores: { named: store },
    limit,
  });
  await print(values.json === true ? JSON.stringify(rows) : tableText(rows));
  if (isCut) process.stderr.write(`millrace: there are more than ${limit.toLocaleString('en')}; see --limit\n`);
  return EXIT.ok;
}

async function show(values: OptionValues, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) throw new UsageError('say which: dlq show ID; dlq list has the IDs');
  const topic = text(values, 'topic');
  const rows =
    topic === undefined
      ? (await answered(values, { command: 'dlq show', request: { ids }, defaultTimeout: '30s' })).rows
      : await shownOf(values, topic, ids);
  const missing = ids.filter((id) => !rows.some((row) => row.id === id));
  if (missing.length > 0) throw new Error(`there is no dead letter ${missing.join(', ')}; dlq list has the IDs`);
  const shown = rows.map(withOriginal);
  await print(values.json === true ? JSON.stringify(shown) : shown.map(fieldsText).join('\n\n'));
  return EXIT.ok;
}

async function replay(values: OptionValues, ids: readonly string[]): Promise<number> {
  const filter = filterOf(values, ids);
  if (Object.keys(filter).length === 0 && values.all !== true) {
    throw new UsageError('say which: dlq replay ID …, or --stream NAME, --reason CODE or --all');
  }
  const isDryRun = values['dry-run'] === true;
  const chosen = Object.keys(filter).length === 0 ? { stream: ALL } : filter;
  const request = { ...chosen, dryRun: isDryRun };
  const topic = text(values, 'topic');
  const { rows } =
    topic === undefined
      ? await withService(values, () => answered(values, { command: 'dlq replay', request, defaultTimeout: '30m' }))
      : { rows: await replayed(values, topic, ids, isDryRun) };
  const missing = ids.filter((id) => !rows.some((row) => row.id === id));
  const refused = rows.filter(({ outcome }) => outcome === 'refused').length;
  await print(values.json === true ? JSON.stringify(rows) : tableText(rows));
  const said = [...new Set(rows.map(({ outcome }) => String(outcome)))].filter((outcome) => outcome !== 'refused');
  const counts = said.map((outcome) => `${rows.filter((row) => row.outcome === outcome).length} ${outcome}, `);
  const none = isDryRun ? '0 would be replayed, ' : '0 replayed, ';
  process.stderr.write(`millrace: ${counts.join('') || none}${refused} refused again\n`);
  if (missing.length > 0) process.stderr.write(`millrace: not there, or replayed before: ${missing.join(', ')}\n`);
  return refused > 0 || missing.length > 0 ? EXIT.checkFailed : EXIT.ok;
}

function filterOf(values: OptionValues, ids: readonly string[]): Record<string, unknown> {
  const stream = text(values, 'stream');
  const reason = text(values, 'reason');
  return {
    ...(ids.length === 0 ? {} : { ids }),
    ...(stream === undefined ? {} : { stream }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Adds the original, as text where it is one, else in hexadecimal digits. */
function withOriginal({ raw_hex: hex, log: _, log_offset: __, ...row }: Readonly<Record<string, unknown>>) {
  const bytes = Buffer.from(String(hex), 'hex');
  const original = bytes.toString('utf8');
  const raw = Buffer.from(original, 'utf8').equals(bytes) ? { raw: original } : { rawHex: String(hex) };
  return {
    ...row,
    committed_at: instantOf(row.committed_at),
    replayed_at: instantOf(row.replayed_at),
    ...raw,
  };
}

function instantOf(value: unknown): string | null {
  return typeof value === 'number' ? new Date(value).toISOString() : null;
}

function fieldsText(row: Readonly<Record<string, unknown>>): string {
  return Object.entries(row)
    .map(([name, value]) => `${name.padEnd(13)} ${value}`)
    .join('\n');
}

function shortened(text: string): string {
  return text.length <= DETAIL_CHARS ? text : `${text.slice(0, DETAIL_CHARS - 1)}…`;
}
