/** Who decides what a crash leaves: every answer in turn, a seed's, or always the same. */

/** Answers a question with one of `options` answers, from 0 on. `what` names the question, for a reader of a failure. */
export type Choose = (options: number, what: string) => number;

/** Nothing that was not synced survives. */
export const keepNothing: Choose = () => 0;

/**
 * One chooser for each way to answer every question: the body of the loop asks the same questions for the same answers,
 * and so each path through them is taken once. Ends when all are taken, or throws when there are more than `most`.
 */
export function* everyChoice(most: number): Generator<Choose> {
  let path: { readonly options: number; answer: number }[] = [];
  for (let taken = 0; ; taken++) {
    if (taken >= most) throw new Error(`There are more than ${most} ways to answer; shorten the workload`);
    let asked = 0;
    yield (options) => {
      const question = path[asked] ?? { options, answer: 0 };
      path[asked++] = question;
      if (question.options !== options) throw new Error('The questions changed under the same answers');
      return question.answer;
    };
    path = path.slice(0, asked);
    while (path.length > 0 && (path.at(-1)?.answer ?? 0) + 1 >= (path.at(-1)?.options ?? 0)) path.pop();
    const last = path.at(-1);
    if (last === undefined) return;
    last.answer += 1;
  }
}

/** The same answers for the same seed (mulberry32). */
export function seededChoice(seed: number): Choose {
  let state = seed >>> 0;
  return (options) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * options);
  };
}
