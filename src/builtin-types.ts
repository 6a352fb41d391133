/** All types that a log may hold without a pipeline file that declares them: to add those of a domain is a line here. */
import { labelColumns } from './fraud/label-columns.ts';
import type { Transaction } from './fraud/schemas.ts';
import { FRAUD_TYPES, fraudLabelType, transactionType } from './fraud/types.ts';
import type { AvroRecord } from './messages/avro.ts';
import type { Companion } from './messages/companion.ts';
import { ENGINE_TYPES } from './messages/types.ts';
import { type WeatherObservation, weatherObservationType } from './weather/observation.ts';

export const BUILTIN_TYPES = [...FRAUD_TYPES, ...ENGINE_TYPES, weatherObservationType] as const;

/** Those that a stream of a pipeline file may be of, as `builtin:`. */
export const STREAM_TYPES = [transactionType, fraudLabelType, weatherObservationType] as const;

/** Columns that tables of a record may have beside its own. */
export const COMPANIONS: readonly Companion[] = [labelColumns];

/** Streams whose events user code knows by their name. */
export interface KnownStreams {
  'payments.transactions': Transaction;
  'weather.observations': WeatherObservation;
}

export const KNOWN_STREAMS: Readonly<Record<keyof KnownStreams, AvroRecord>> = {
  'payments.transactions': transactionType.schema,
  'weather.observations': weatherObservationType.schema,
};
