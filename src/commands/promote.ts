/** `millrace promote`: what was reprocessed takes the place of the live results. */
import { createLogger } from '../logger.ts';
import { readReprocessNote } from '../reprocess/place.ts';
import { promote } from '../reprocess/promote.ts';
import { CONFIG_OPTION, type Command, configOf, DATA_OPTION, dataDirOf, JSON_OPTION, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const promoteCommand: Command = {
  name: 'promote',
  summary: `what was reprocessed under a name takes the place of the live results

  No service may run on the data meanwhile. What came in since is derived first, then logs change places and the read models
  are filled anew. Sinks send nothing of it again. The logs of before are kept in DATA/replaced.`,
  usage: 'promote NAME [--skip-unsent] [--config FILE] [--data DIR] [--json]',
  options: {
    'skip-unsent': { type: 'boolean', help: 'though a sink has not sent all of the logs that go' },
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
  },
  async run(values, [name, ...rest]) {
    if (name === undefined || rest.length > 0) throw new UsageError('name what was reprocessed: promote NAME');
    const dataDir = await dataDirOf(values);
    const configFile = text(values, 'config') ?? readReprocessNote(dataDir, name)?.configFile;
    if (configFile === undefined) {
      throw new UsageError(`nothing that was reprocessed is called ${name}: reprocess list names what is`);
    }
    const config = await configOf({ ...values, config: configFile, data: dataDir });
    const startedAt = performance.now();
    const done = await promote({
      ...{ config, dataDir, name, logger: createLogger('error'), nowMs: Date.now() },
      skipsUnsent: values['skip-unsent'] === true,
      onTotal: () => {},
      onEvents: () => {},
    });
    const seconds = (performance.now() - startedAt) / 1000;
    await print(
      values.json === true
        ? JSON.stringify({ name, config: configFile, ...done, seconds })
        : `${name} is live: ${done.logs.length} logs, ${done.events.toLocaleString('en')} events in the read models, in ${seconds.toFixed(1)} s\n` +
            `Go on with its pipeline file: millrace start --config ${configFile} --data ${dataDir}\n` +
            `The logs of before are in ${done.keptIn}; nothing needs them any more.`,
    );
    return EXIT.ok;
  },
};
