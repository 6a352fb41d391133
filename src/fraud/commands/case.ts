import { ASK_OPTIONS, answered, limitOf } from '../../commands/ask.ts';
import { actionOf, type Command, type OptionValues, print, tableText, text } from '../../commands/command.ts';
import { EXIT, UsageError } from '../../commands/exit.ts';
import { withService } from '../../commands/with-service.ts';
import { caseText } from './case-text.ts';
import { whoOf } from './who.ts';

const WORDS = [
  ...(['list', 'show', 'next', 'acknowledge', 'take-over', 'release', 'snooze', 'close'] as const),
  ...(['suppress', 'suppressions', 'lift', 'rules'] as const),
] as const;
const LIST_LIMIT = 100;
const OUTCOMES: Readonly<Record<string, string>> = { confirmed: 'confirm', 'false-positive': 'dismiss' };

type Rows = readonly Readonly<Record<string, unknown>>[];

export const caseCommand: Command = {
  name: 'case',
  summary: `fraud cases, and what is done about them

  list             the newest first; --state open, acknowledged, snoozed, confirmed, false_positive, expired
  show ID          its alerts with their reasons, its transactions, and who did what
  next             takes the open case of the highest score, then the oldest
  acknowledge ID   takes it: it is locked to you (take-over ID takes it from somebody else, release ID gives it back)
  snooze ID        puts it off --for 2h, in event time
  close ID         --as confirmed or --as false-positive: its transactions are labelled
  suppress         no alerts for hits of --card N, --terminal N, --rule NAME, --for 7d; they are scored all the same
  suppressions     those there are; lift ID ends one
  rules            the hits of each rule, its precision, and what became of its cases`,
  usage: 'case WORD [ID] [--by NAME] [--note TEXT] [--data DIR | --config FILE] [--json] …',
  options: {
    ...ASK_OPTIONS,
    by: { type: 'string', value: 'NAME', help: 'who asks; else the name of your account' },
    note: { type: 'string', value: 'TEXT', help: 'why, in your words' },
    for: { type: 'string', value: 'TIME', help: 'snooze, suppress: how long, in event time' },
    as: { type: 'string', value: 'OUTCOME', help: 'close: confirmed or false-positive' },
    key: { type: 'string', value: 'KEY', help: 'the same for a command and its repetitions: it is taken once' },
    state: {
      type: 'string',
      value: 'STATE',
      help: 'list: of this state only; `unclosed` for all that are open in any way',
    },
    card: { type: 'string', value: 'N', help: 'suppress: of this customer' },
    terminal: { type: 'string', value: 'N', help: 'suppress: at this terminal' },
    rule: { type: 'string', value: 'NAME', help: 'suppress: of this rule' },
    limit: { type: 'string', value: 'N', help: `list: so many at most; else ${LIST_LIMIT}` },
  },
  async run(values, [word, ...ids]) {
    const action = actionOf('case', word === undefined ? [] : [word], WORDS);
    switch (action) {
      case 'list':
        return list(values, noIds(action, ids));
      case 'show':
        return show(values, oneId(action, ids));
      case 'next':
        noIds(action, ids);
        return next(values);
      case 'close':
        return act(values, oneId(action, ids), outcomeOf(values));
      case 'suppress':
        noIds(action, ids);
        return suppress(values);
      case 'suppressions':
        noIds(action, ids);
        return table(values, await read(values, 'case suppressions', {}));
      case 'lift': {
        const request = { id: oneId(action, ids), ...who(values) };
        return table(values, await changed(values, 'case lift', request));
      }
      case 'rules':
        noIds(action, ids);
        return table(values, await read(values, 'case rules', {}));
      default:
        return act(values, oneId(action, ids), action);
    }
  },
};

async function list(values: OptionValues, _: readonly string[]): Promise<number> {
  const limit = limitOf(values, LIST_LIMIT);
  const state = text(values, 'state');
  const request = state === undefined ? {} : { state };
  const { rows, isCut } = await answered(values, { command: 'case list', request, defaultTimeout: '30s', limit });
  await table(values, rows);
  if (isCut) process.stderr.write(`millrace: there are more than ${limit.toLocaleString('en')}; see --limit\n`);
  return EXIT.ok;
}

async function show(values: OptionValues, id: string): Promise<number> {
  const [row] = await read(values, 'case show', { id });
  const file: unknown = JSON.parse(String(row?.file));
  await print(values.json === true ? JSON.stringify(file) : caseText(file));
  return EXIT.ok;
}

async function next(values: OptionValues): Promise<number> {
  const rows = await changed(values, 'case next', { by: whoOf(values) });
  if (rows.length > 0) return table(values, rows);
  if (values.json === true) await print('[]');
  process.stderr.write('millrace: no case is open\n');
  return EXIT.checkFailed;
}

async function act(values: OptionValues, id: string, action: string): Promise<number> {
  const length = text(values, 'for');
  const key = text(values, 'key');
  const request = {
    ...{ id, action, ...who(values) },
    ...(length === undefined ? {} : { for: length }),
    ...(key === undefined ? {} : { key }),
  };
  const rows = await changed(values, 'case act', request);
  await table(values, rows);
  const [row] = rows;
  if (row?.outcome !== 'refused') return EXIT.ok;
  process.stderr.write(`millrace: ${id}: ${row.detail}\n`);
  return EXIT.checkFailed;
}

async function suppress(values: OptionValues): Promise<number> {
  const length = text(values, 'for');
  const rule = text(values, 'rule');
  const request = {
    ...who(values),
    ...wholeOf(values, 'card'),
    ...wholeOf(values, 'terminal'),
    ...(rule === undefined ? {} : { rule }),
    ...(length === undefined ? {} : { for: length }),
  };
  return table(values, await changed(values, 'case suppress', request));
}

async function read(values: OptionValues, command: string, request: Readonly<Record<string, unknown>>): Promise<Rows> {
  return (await answered(values, { command, request, defaultTimeout: '1m' })).rows;
}

function changed(values: OptionValues, command: string, request: Readonly<Record<string, unknown>>): Promise<Rows> {
  return withService(values, () => read(values, command, request));
}

async function table(values: OptionValues, rows: Rows): Promise<number> {
  await print(values.json === true ? JSON.stringify(rows) : tableText(rows.map(withInstants)));
  return EXIT.ok;
}

const INSTANT = /_at$|^at$|^since$|^until$|_until$/;

function withInstants(row: Rows[number]): Rows[number] {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      INSTANT.test(name) && typeof value === 'number' ? new Date(value).toISOString() : value,
    ]),
  );
}

function who(values: OptionValues): { readonly by: string; readonly note: string } {
  return { by: whoOf(values), note: text(values, 'note') ?? '' };
}

function outcomeOf(values: OptionValues): string {
  const word = text(values, 'as');
  const action = word === undefined || !Object.hasOwn(OUTCOMES, word) ? undefined : OUTCOMES[word];
  if (action === undefined) throw new UsageError('say what it was: --as confirmed or --as false-positive');
  return action;
}

function wholeOf(values: OptionValues, name: string): Readonly<Record<string, number>> {
  const word = text(values, name);
  if (word === undefined) return {};
  if (!/^\d{1,15}$/.test(word)) throw new UsageError(`${word} is no number for --${name}`);
  return { [name]: Number(word) };
}

function oneId(word: string, ids: readonly string[]): string {
  const [id, ...rest] = ids;
  if (id === undefined || rest.length > 0) throw new UsageError(`say which one: case ${word} ID`);
  return id;
}

function noIds(word: string, ids: readonly string[]): readonly string[] {
  if (ids.length > 0) throw new UsageError(`case ${word} takes no further word; there was ${ids.join(' ')}`);
  return ids;
}
