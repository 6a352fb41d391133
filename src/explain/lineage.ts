/** What the journal says of its own lineage: which streams came in, which windows are of them, and where their logs are. */

import { notedStreams } from '../data-directory/derivation-history.ts';
import { registryOf } from '../data-directory/registry-of.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { openPassingReader } from '../journal/open-reader.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { logPlace } from '../messages/log-name.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import { type Derivation, type DerivationInput, derivationTypes } from '../partition/derivation.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import type { WindowSpec } from '../streams/window-kind.ts';
import type { SearchedJournal } from './events-in-time.ts';

export interface SourceStream extends DerivationInput {
  /** Full name of the record of its events. */
  readonly record: string;
}

export interface WindowOf {
  readonly spec: WindowSpec;
  /** What its events came in as. */
  readonly source: SourceStream;
  /** The stream that its logs are named for. */
  readonly home: string;
}

export interface Lineage extends SearchedJournal {
  /** Streams that came in from outside, by name. */
  readonly sources: ReadonlyMap<string, SourceStream>;
  readonly windows: readonly WindowOf[];
  /** The streams whose logs may have events of a derived record. */
  homesOf(record: string): readonly string[];
  /** Logs of a stream, with where they end. */
  logsOf(stream: string): readonly SearchedLog[];
  readonly logs: readonly SearchedLog[];
}

export interface SearchedLog {
  readonly log: string;
  /** Where it ends. To find that takes a read of its last segment, so it is asked only of a log that is searched. */
  end(): Promise<number>;
}

/** Takes no lock. `endOf`: how far a log is durable, where the caller writes it. Throws when there is no journal. */
export async function openLineage(
  dataDir: string,
  endOf: (log: string) => number | undefined = () => undefined,
): Promise<Lineage> {
  const reader = openPassingReader(requireJournal(dataDir));
  const registry = registryOf(dataDir);
  const logs = (await reader.logNames()).map((log): SearchedLog => {
    let end: Promise<number> | null = null;
    return {
      log,
      async end() {
        end ??= Promise.resolve(endOf(log) ?? reader.endOf(log));
        return await end;
      },
    };
  });
  const derivations = [...notedStreams(dataDir, nodeSyncFs).values()].map(({ derivation }) => derivation);
  const sources = new Map(
    derivations.flatMap(({ inputs }) =>
      inputs
        .filter(({ channels }) => channels.length === 0)
        .map((input) => [input.stream, { ...input, record: fullName(input.schema) }] as const),
    ),
  );
  return {
    reader,
    registry,
    timeFields: new Map([...sources.values()].map((source) => [source.record, source])),
    sources,
    homesOf: (record) => derivations.filter((each) => gives(each, record)).map(({ stream }) => stream),
    windows: derivations.flatMap((derivation) => windowsOf(derivation, sources)),
    logs,
    logsOf: (stream) => logs.filter(({ log }) => logPlace(log)?.stream === stream),
  };
}

function windowsOf(
  { stream: home, inputs, operators }: Derivation,
  sources: ReadonlyMap<string, SourceStream>,
): readonly WindowOf[] {
  const source = sources.get(inputs[0].stream);
  if (source === undefined) return [];
  return operators.filter(isWindow).map(({ spec }) => ({ spec, source, home }));
}

function isWindow(operator: OperatorSpec): operator is OperatorSpec & { readonly spec: WindowSpec } {
  return operator.kind === 'window';
}

function fullName({ namespace, name }: DerivationInput['schema']): string {
  return namespace === undefined ? name : `${namespace}.${name}`;
}

function gives(derivation: Derivation, record: string): boolean {
  return derivationTypes(derivation, OPERATOR_KINDS).operators.some(({ types }) =>
    types.some(({ type }) => type.name === record),
  );
}
