/** The command line: each command's own help. */

import { COMMANDS } from '../../../src/command-list.ts';
import { commandHelp } from '../../../src/commands/help.ts';

export async function commandsText(): Promise<string> {
  const parts = Object.entries(COMMANDS).map(async ([name, { load }]) => {
    const [, ...rest] = commandHelp(await load())
      .trimEnd()
      .split('\n');
    return `## ${name}\n\n\`\`\`text\nmillrace ${(await load()).usage}\n${rest.join('\n')}\n\`\`\`\n`;
  });
  return `What \`millrace COMMAND --help\` says. Exit codes: 0 ok, 1 failed, 2 usage, 3 a check failed, 69 a dependency is down,
78 bad configuration. Commands by example: [commands.md](../commands.md).

${(await Promise.all(parts)).join('\n')}`;
}
