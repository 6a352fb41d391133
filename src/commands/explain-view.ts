/**
 * `millrace explain-view`: the operators of a view's statement, as one would write them by hand, and the state that
 * they keep.
 */
import { explainView } from '../config/explain-view.ts';
import { yamlOf } from '../config/print.ts';
import { unknownName } from '../keys/names.ts';
import { CONFIG_OPTION, type Command, configOf, JSON_OPTION, print } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const explainViewCommand: Command = {
  name: 'explain-view',
  summary: 'print what a view comes to: its operators, exchanges and state',
  usage: 'explain-view NAME [--config FILE] [--json]',
  options: { ...CONFIG_OPTION, ...JSON_OPTION },
  async run(values, [name, ...rest]) {
    if (name === undefined || rest.length > 0) throw new UsageError('name one view: explain-view NAME');
    const config = await configOf(values);
    const view = config.views.find((each) => each.name === name);
    const names = config.views.map((each) => each.name);
    if (view === undefined) throw new UsageError(unknownName('view', name, names));
    const explained = explainView(config, view);
    if (values.json === true) await print(JSON.stringify(explained));
    else {
      for (const { operator, kind, of, logs, partitions, exchange, state } of explained.steps) {
        await print(`${operator}: a ${kind} of ${of.join(' and ')}`);
        await print(`  partitions  ${partitions}, in the logs ${logs}-N`);
        await print(`  exchange    ${exchange}`);
        await print(`  state       ${state}`);
      }
      await print(`\nBy hand:\n\n${yamlOf(explained.file).trimEnd()}`);
    }
    return EXIT.ok;
  },
};
