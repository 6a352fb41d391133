/** Where everything is kept. */
import { z } from 'zod';
import { sectionAs } from '../section.ts';

export const dataSection = sectionAs('dataDir', {
  key: 'data',
  schema: z.string().min(1).default('./data').describe('Where everything is kept, relative to the working directory.'),
  derive: (path) => path,
  print: (path) => path,
});
