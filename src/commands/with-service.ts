/** Commands that act on partitions need a service: the one that runs, or one of their own. */
import { openChannel } from '../channel/channel.ts';
import { connectChannel } from '../channel/channel-client.ts';
import { runningTarget } from '../channel/running-target.ts';
import { createLogger } from '../logger.ts';
import { type Attach, startService } from '../service.ts';
import { configOf, dataDirOf, type OptionValues, text } from './command.ts';
import { UsageError } from './exit.ts';

/** Runs `act` beside a service. When none runs, the command starts its own, without sources. */
export async function withService<T>(
  values: OptionValues,
  act: () => Promise<T>,
  attach: Attach = () => [],
): Promise<T> {
  const socket = await connectChannel(await dataDirOf(values));
  socket?.destroy();
  if (socket !== null) return act();
  if (text(values, 'config') === undefined && process.env.MILLRACE_CONFIG === undefined) {
    throw new UsageError('no service runs on this data: name the pipeline file too, --config FILE');
  }
  const config = await configOf(values);
  const logger = createLogger('warn');
  const service = await startService({ config, logger, version: '', attach });
  try {
    const channel = await openChannel(runningTarget(service), logger);
    try {
      await service.ready;
      return await act();
    } finally {
      await channel.close();
    }
  } finally {
    await service.stop();
  }
}
