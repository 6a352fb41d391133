/** Commands about cases on the local channel, whether a service runs on the directory or not. */
import { randomUUID } from 'node:crypto';
import { channelCommand, RequestError, type Target } from '../../channel/channel-commands.ts';
import type { Row, StoreQuery } from '../../projections/store.ts';
import { hexText } from '../../sql-quotes.ts';
import { caseFile } from '../case-file.ts';
import { declaredRulesOf } from '../operator.ts';
import { ACTIONS, durationOf, wordsProblem } from './actions.ts';
import { createDesk, type Desk } from './desk.ts';
import { ruleReport } from './rule-report.ts';

const PATIENCE_MS = 10_000;

const caseListCommand = channelCommand({
  name: 'case list',
  schema: { state: 'text' },
  async *rows(target, { state = 'all' }, context) {
    await target.caughtUp(PATIENCE_MS, context);
    const open = "state IN ('open', 'acknowledged', 'snoozed')";
    const where = state === 'all' ? '' : `WHERE ${state === 'unclosed' ? open : `state = ${hexText(state)}`}`;
    const sql = `SELECT case_id, customer_id, state, holder, snoozed_until, hits, amount_cents, opened_at, last_hit_at,
      (SELECT max(score) FROM alerts WHERE alerts.case_id = cases.case_id) AS score
      FROM cases ${where} ORDER BY last_hit_at DESC, case_id`;
    yield* target.stores.of('sqlite').rows({ kind: 'query', sql }, context.signal);
  },
});

/** One row: the whole file of the case as JSON. */
const caseShowCommand = channelCommand({
  name: 'case show',
  schema: { id: 'text' },
  async *rows(target, { id = '' }, context) {
    await target.caughtUp(PATIENCE_MS, context);
    const found = await asked(target, caseFile(id));
    if (found === null) throw new RequestError(`there is no case ${id}; case list has them`);
    yield [{ file: JSON.stringify(found) }];
  },
});

const caseActCommand = channelCommand({
  name: 'case act',
  schema: { id: 'text', action: 'text', by: 'text', note: 'text', for: 'text', key: 'text' },
  async *rows(target, { id = '', action = '', by = '', note = '', for: length, key }, context) {
    const known = ACTIONS[action];
    if (known === undefined)
      throw new RequestError(`there is no action ${action}; known: ${Object.keys(ACTIONS).join(', ')}`);
    refuseWords(by, note);
    const forMs = known === 'snooze' ? timeOf(length) : 0;
    const ask = { commandId: key ?? randomUUID(), caseId: id, action: known, by, note, forMs };
    const answer = await deskOf(target).act(ask, context.signal);
    switch (answer.kind) {
      case 'unknown-case':
        throw new RequestError(`there is no case ${id}; case list has them`);
      case 'reused':
        throw new RequestError(`the key ${key} was that of another command`);
      default:
        yield [answer.action];
    }
  },
});

const caseNextCommand = channelCommand({
  name: 'case next',
  schema: { by: 'text' },
  async *rows(target, { by = '' }, context) {
    refuseWords(by, '');
    const taken = await deskOf(target).next(by, randomUUID(), context.signal);
    yield taken === null ? [] : [taken];
  },
});

const suppressCommand = channelCommand({
  name: 'case suppress',
  schema: { card: 'whole', terminal: 'whole', rule: 'text', for: 'text', by: 'text', note: 'text' },
  async *rows(target, { card = null, terminal = null, rule = null, for: length, by = '', note = '' }, context) {
    refuseWords(by, note);
    if (card === null && terminal === null && rule === null)
      throw new RequestError('say of what: --card, --terminal, --rule, or several of them');
    const id = randomUUID();
    const scope = { suppressionId: id, customerId: card, terminalId: terminal, rule };
    const command = { ...scope, commandId: id, by, note, action: 'suppress' as const, forMs: timeOf(length) };
    const row = await deskOf(target).suppress(command, context.signal);
    yield row === null ? [] : [row];
  },
});

const liftCommand = channelCommand({
  name: 'case lift',
  schema: { id: 'text', by: 'text', note: 'text' },
  async *rows(target, { id = '', by = '', note = '' }, context) {
    refuseWords(by, note);
    const scope = { suppressionId: id, customerId: null, terminalId: null, rule: null };
    const command = { ...scope, commandId: randomUUID(), by, note, action: 'lift' as const, forMs: 0 };
    const row = await deskOf(target).suppress(command, context.signal);
    if (row === null) throw new RequestError(`there is no suppression ${id}; case suppressions has them`);
    yield [row];
  },
});

const suppressionsCommand = channelCommand({
  name: 'case suppressions',
  schema: {},
  async *rows(target, _, context) {
    await target.caughtUp(PATIENCE_MS, context);
    const sql = 'SELECT * FROM suppressions ORDER BY requested_at DESC, suppression_id';
    yield* target.stores.of('sqlite').rows({ kind: 'query', sql }, context.signal);
  },
});

const ruleReportCommand = channelCommand({
  name: 'case rules',
  schema: {},
  async *rows(target, _, context) {
    await target.caughtUp(PATIENCE_MS, context);
    const config = target.running?.config;
    const stream = config?.fraud?.stream;
    const declared = config === undefined || stream === undefined ? [] : declaredRulesOf(config.rules, stream);
    const named = declared.map(({ rule, written, enabled }) => ({ name: rule.name, where: written, enabled }));
    yield await asked(target, ruleReport(named));
  },
});

export const CASE_COMMANDS = [
  caseListCommand,
  caseShowCommand,
  caseActCommand,
  caseNextCommand,
  suppressCommand,
  liftCommand,
  suppressionsCommand,
  ruleReportCommand,
] as const;

async function asked<T>(target: Target, read: Generator<StoreQuery, T, readonly Row[]>): Promise<T> {
  let step = read.next([]);
  while (step.done !== true) {
    const { store, sql } = step.value;
    step = read.next(await target.stores.of(store).read({ kind: 'query', sql }));
  }
  return step.value;
}

function deskOf({ running }: Target): Desk {
  if (running === null) throw new RequestError('nothing runs on this data: this needs --config FILE');
  return createDesk(running);
}

function refuseWords(by: string, note: string): void {
  const problem = wordsProblem(by, note);
  if (problem !== null) throw new RequestError(problem);
}

function timeOf(text: string | undefined): number {
  const ms = durationOf(text);
  if (typeof ms !== 'number') throw new RequestError(ms.wrong);
  return ms;
}
