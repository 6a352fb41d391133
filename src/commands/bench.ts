/** `millrace bench`: says where the benchmarks are. They need the sources, which an installed package has not. */
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';

export const benchCommand: Command = {
  name: 'bench',
  summary: 'say how to run the benchmarks',
  usage: 'bench',
  options: {},
  async run() {
    process.stderr.write('The benchmarks run in the repository: npm run bench\n');
    return EXIT.usage;
  },
};
