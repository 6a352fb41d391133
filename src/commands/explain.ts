/** `millrace explain`: the inputs and the effects of an alert, a window's result or an event. */
import { printableLine } from '../messages/printable.ts';
import { ASK_OPTIONS, answered } from './ask.ts';
import { type Command, print, tableText } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const explainCommand: Command = {
  name: 'explain',
  summary: 'say what an alert, a result or an event came of, and what came of it',
  usage: 'explain alert:ID | window:NAME/KEY/START | STREAM/PARTITION/OFFSET [--config FILE] [--data DIR] [--json]',
  options: ASK_OPTIONS,
  async run(values, [target, ...rest]) {
    if (target === undefined || rest.length > 0) {
      throw new UsageError('name one thing: alert:ID, window:NAME/KEY/START, or STREAM/PARTITION/OFFSET');
    }
    const asked = { command: 'explain', request: { target }, defaultTimeout: '1m' };
    const { rows } = await answered(values, asked);
    if (values.json === true)
      await print(JSON.stringify(rows.map((row) => ({ ...row, event: JSON.parse(String(row.event)) }))));
    else await print(tableText(rows.map(shown)));
    return EXIT.ok;
  },
};

function shown({ relation, stream, partition, offset, type, time, event }: Readonly<Record<string, unknown>>) {
  return {
    relation,
    place: `${stream}/${partition}/${offset}`,
    type,
    'event time': typeof time === 'number' ? new Date(time).toISOString() : '',
    event: printableLine(String(event)),
  };
}
