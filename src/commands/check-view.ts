/** `millrace check-view`: a view beside DuckDB's answer to the same statement. */
import { checkedView } from '../data-directory/check-view.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { unknownName } from '../keys/names.ts';
import { CONFIG_OPTION, type Command, configOf, DATA_OPTION, JSON_OPTION, print, tableText } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const checkViewCommand: Command = {
  name: 'check-view',
  summary: "compare a view with DuckDB's answer to its statement over the same events, beside a running service too",
  usage: 'check-view NAME [--config FILE] [--data DIR] [--json]',
  options: { ...CONFIG_OPTION, ...DATA_OPTION, ...JSON_OPTION },
  async run(values, [name, ...rest]) {
    if (name === undefined || rest.length > 0) throw new UsageError('name one view: check-view NAME');
    const config = await configOf(values);
    const view = config.views.find((each) => each.name === name);
    if (view === undefined)
      throw new UsageError(
        unknownName(
          'view',
          name,
          config.views.map((each) => each.name),
        ),
      );
    requireJournal(config.dataDir);
    const found = await checkedView(config, config.dataDir, view);
    const { rows, missing, surplus, examples, closedMs, late, estimates } = found;
    if (values.json === true) await print(JSON.stringify({ view: name, ...found }));
    else {
      const upTo =
        closedMs === null || !Number.isFinite(closedMs)
          ? ''
          : `, of windows that ended by ${new Date(closedMs).toISOString()}`;
      const left = [
        ...(late === 0 ? [] : [`${late} late events`]),
        ...estimates.map((column) => `the estimate ${column}`),
      ];
      const without = left.length === 0 ? '' : `, without ${left.join(' and ')}`;
      await print(
        `${name}: ${rows} rows by DuckDB${upTo}${without}; ${missing} are not in the view, ${surplus} are in the view alone`,
      );
      if (examples.length > 0) await print(tableText(examples));
    }
    return missing === 0 && surplus === 0 ? EXIT.ok : EXIT.checkFailed;
  },
};
