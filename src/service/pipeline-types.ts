/** The types that a data directory's events are of, by its pipeline: the built-in ones, and what its streams read and derive. */
import { BUILTIN_TYPES } from '../builtin-types.ts';
import type { Config } from '../config/config.ts';
import { derivationOf } from '../data-directory/derivations.ts';
import type { PlannedExchange } from '../data-directory/exchanges.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import { derivationTypes, schemasOf } from '../partition/derivation.ts';

/** Whether a fingerprint is one of theirs. The first call compiles the types, which costs as much as a start does. */
export function isOfPipeline(config: Config, planned: readonly PlannedExchange[]): (fingerprint: string) => boolean {
  let known: ReadonlySet<string> | null = null;
  return (fingerprint) => {
    known ??= fingerprintsOf(config, planned);
    return known.has(fingerprint);
  };
}

function fingerprintsOf(config: Config, planned: readonly PlannedExchange[]): ReadonlySet<string> {
  const derivations = [
    ...config.streams.map((stream) => derivationOf(config, stream)),
    ...planned.map(({ derivation }) => derivation),
  ];
  const own = derivations.flatMap((derivation) => schemasOf(derivationTypes(derivation, OPERATOR_KINDS)));
  return new Set([...BUILTIN_TYPES, ...own].map(({ fingerprint }) => fingerprint));
}
