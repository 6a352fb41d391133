/** What is expected of the events of a stream, as the pipeline file writes it. */
import { z } from 'zod';

const range = z.tuple([z.number().nullable(), z.number().nullable()]);

export const expectation = z.strictObject({
  column: z.string().optional().describe('A field, or `record.field` of a nested record.'),
  between: range.optional().describe('The smallest and the largest value; null for none.'),
  notNull: z.literal(true).optional(),
  in: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .optional()
    .describe('The values that there may be.'),
  matches: z.string().optional().describe('A regular expression that matches somewhere in the text.'),
  lengthBetween: range.optional().describe('The fewest and the most characters; null for no bound.'),
  that: z.string().optional().describe('A condition, as `where` has them, such as paid <= total.'),
  onFail: z
    .enum(['deadLetter', 'warn'])
    .default('deadLetter')
    .describe('An event that fails is a dead letter, or is taken and counted.'),
});
