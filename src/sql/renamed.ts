/** Expressions with some of their columns renamed. */
import { expressionText } from './expression-text.ts';
import { parseExpression } from './parse.ts';
import { rewritten } from './walk.ts';

/** `rename` gives null for a column that stays. A text without any other name is given as it is. Throws an ExpressionError. */
export function renamedColumns(text: string, rename: (names: readonly string[], at: number) => string | null): string {
  let isChanged = false;
  const expression = rewritten(parseExpression(text), (each) => {
    if (each.kind !== 'column') return null;
    const name = rename(each.names, each.at);
    if (name === null) return each;
    isChanged = true;
    return { ...each, names: [name] };
  });
  return isChanged ? expressionText(expression) : text;
}
