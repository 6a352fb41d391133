/** Functions of a list and a lambda: their entries in the table of functions. `lambda.ts` computes them. */
import type { SqlFunction } from '../function.ts';
import { LAMBDA_FORMS } from '../lambda.ts';
import { SqlError } from '../value.ts';

function withLambda(
  own: Pick<SqlFunction, 'name' | 'aliases' | 'summary' | 'example' | 'differs'>,
  form: string,
): SqlFunction {
  return {
    ...own,
    resultType: () => ({ wrong: `is written ${form}` }),
    call() {
      throw new SqlError(`${own.name} needs a lambda`);
    },
  };
}

export const LAMBDAS: readonly SqlFunction[] = [
  withLambda(
    {
      name: 'list_transform',
      aliases: ['array_transform', 'list_apply', 'array_apply', 'apply'],
      summary: 'What a lambda gives of each element; with a second parameter also of its place, from 1.',
      example: 'list_transform([1, 2], lambda x: x * 10) = [10, 20]',
    },
    LAMBDA_FORMS.transform,
  ),
  withLambda(
    {
      name: 'list_filter',
      aliases: ['array_filter', 'filter'],
      summary: 'The elements of which a lambda is true; with a second parameter also of their place, from 1.',
      example: 'list_filter([3, 4, 5], lambda x: x > 3) = [4, 5]',
    },
    LAMBDA_FORMS.filter,
  ),
  withLambda(
    {
      name: 'list_reduce',
      aliases: ['array_reduce', 'reduce'],
      summary:
        'A list as one value: a lambda of the total and an element gives the next total, which begins as the first element, or as a third argument.',
      example: 'list_reduce([1, 2, 3], lambda total, x: total + x) = 6',
    },
    LAMBDA_FORMS.reduce,
  ),
];
