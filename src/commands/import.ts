/** `millrace import`: files into a stream, through the same intake as everything else. */
import { resolve } from 'node:path';
import { ASK_OPTIONS, answered } from './ask.ts';
import { type Command, type OptionValues, print } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { withService } from './with-service.ts';

export const importCommand: Command = {
  name: 'import',
  summary:
    'take files into a stream, of a running service or of a data directory at rest; a file that is given again adds nothing',
  usage: 'import STREAM --input FILE … [--timeout TIME] [--config FILE] [--data DIR] [--json]',
  options: {
    ...ASK_OPTIONS,
    input: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: '.csv, .jsonl, .json or .avro, each also .gz or .zst, or .parquet; in the order given',
    },
  },
  async run(values, [stream, ...rest]) {
    if (stream === undefined || rest.length > 0) throw new UsageError('name one stream: import STREAM --input FILE');
    const files = inputsOf(values);
    if (files.length === 0) throw new UsageError('say which file to take in: --input FILE');
    const request = { stream, files };
    const { rows } = await withService(values, () =>
      answered(values, { command: 'import', request, defaultTimeout: '12h' }),
    );
    const [row] = rows;
    if (values.json === true) await print(JSON.stringify(row ?? {}));
    const count = (field: string): string => Number(row?.[field] ?? 0).toLocaleString('en');
    process.stderr.write(
      `millrace: ${count('records')} records read, of which ${count('skipped')} were in ${stream} before; ` +
        `${count('deadLetters')} dead letters\n`,
    );
    return EXIT.ok;
  },
};

function inputsOf({ input }: OptionValues): string[] {
  return [input ?? []].flat().map((path) => resolve(String(path)));
}
