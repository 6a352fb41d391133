/** Who asks for a change: `--by`, or the account that runs the command. */
import { userInfo } from 'node:os';
import { type OptionValues, text } from '../../commands/command.ts';

export function whoOf(values: OptionValues): string {
  return text(values, 'by') ?? userInfo().username;
}
