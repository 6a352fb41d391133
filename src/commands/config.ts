/** `millrace config validate|print`. */
import { CONFIG_OPTION, type Command, configOf, print } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const configCommand: Command = {
  name: 'config',
  summary: 'check a configuration file, or print it with every default filled in',
  usage: 'config validate|print [--config FILE]',
  options: { ...CONFIG_OPTION },
  async run(values, [action]) {
    if (action !== 'validate' && action !== 'print') throw new UsageError('say config validate or config print');
    const config = configOf(values);
    if (action === 'print') {
      const token = config.http.token === null ? null : '***';
      await print(JSON.stringify({ ...config, http: { ...config.http, token } }, null, 2));
    } else {
      await print(
        `ok: ${config.streams.length} streams, ${config.windows.length} windows, ${config.schedules.length} schedules`,
      );
    }
    return EXIT.ok;
  },
};
