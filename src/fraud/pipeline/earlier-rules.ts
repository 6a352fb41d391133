/** The key `fraud.rules` had the limits of three rules. Rules are a section of their own now: the text to write instead. */
import { DEFAULT_LIMITS, rulesOfLimits } from '../default-rules.ts';

/** `fraud`: the section as it is written. */
export function rulesInstead(fraud: unknown): string {
  const written = memberOf(fraud, 'rules');
  const named = memberOf(fraud, 'stream');
  const stream = typeof named === 'string' ? named : 'payments.transactions';
  const limit = (name: string, standard: number): number => {
    const value = memberOf(written, name);
    return typeof value === 'number' ? value : standard;
  };
  const limits = {
    amountCents: limit('amountCents', DEFAULT_LIMITS.amountCents),
    velocityCount: limit('velocity', DEFAULT_LIMITS.velocityCount),
    deviations: limit('deviations', DEFAULT_LIMITS.deviations),
    minHistory: limit('minHistory', DEFAULT_LIMITS.minHistory),
  };
  const isDefault = Object.entries(DEFAULT_LIMITS).every(([name, value]) =>
    Object.entries(limits).some(([own, is]) => own === name && is === value),
  );
  if (isDefault)
    return 'is no longer a key, and these are the rules that hold anyway: leave it out. Rules of your own stand in the section `rules`';
  const lines = rulesOfLimits(limits).flatMap(({ name, where, score, reason, value, norm }) => [
    `  ${name}:`,
    `    stream: ${stream}`,
    `    where: ${where}`,
    `    score: ${score}`,
    `    reason: ${JSON.stringify(reason)}`,
    `    value: ${value}`,
    `    norm: ${norm}`,
  ]);
  return ['is no longer a key; write at the top of the file instead:', 'rules:', ...lines].join('\n');
}

function memberOf(map: unknown, name: string): unknown {
  return typeof map === 'object' && map !== null ? Object.entries(map).find(([key]) => key === name)?.[1] : undefined;
}
