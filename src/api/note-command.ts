/** The log of commands: each is an event of the service's own stream. */
import { messageOf } from '../journal/error.ts';
import { commandAskedType } from '../messages/types.ts';
import type { Service } from '../service.ts';

const PATH_CHARACTERS_MAX = 500;

export interface AskedCommand {
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** Nobody waits for it: a command that was answered has been carried out, whatever becomes of its note. */
export function noteCommand({ operations, platform, logger }: Service, command: AskedCommand): void {
  const event = { ...command, path: command.path.slice(0, PATH_CHARACTERS_MAX), askedAt: platform.nowMs() };
  operations.write(0, [commandAskedType.encodeBlock([event])]).catch((error: unknown) => {
    logger.error({ ...command, error: messageOf(error) }, 'a command could not be noted in the journal');
  });
}
