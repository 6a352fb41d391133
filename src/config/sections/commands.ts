/** The commands that steps of jobs may run; none unless they are listed. */
import { z } from 'zod';
import { section } from '../section.ts';

export const commandsSection = section({
  key: 'commands',
  schema: z
    .array(z.string().min(1))
    .default([])
    .describe('Names or paths of the commands that a step `command` may run.'),
  derive: (raw): readonly string[] => raw,
  print: (commands) => commands,
});
