/** The pipeline's name. */
import { z } from 'zod';
import { section } from '../section.ts';

export const nameSection = section({
  key: 'name',
  schema: z.string().min(1).default('millrace').describe('What the dashboard calls it.'),
  derive: (name) => name,
  print: (name) => name,
});
