/**
 * The form of the domain before rules were declared: limits of three rules, and records with fewer fields. Logs that
 * were derived in this form are derived anew with the same bytes.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { type EventType, eventTypeOf } from '../messages/codec.ts';
import { type RuleLimits, rulesOfLimits } from './default-rules.ts';
import type { AlertRaised, CaseChanged } from './schemas.ts';
import { alertRaisedSchema, caseChangedSchema } from './schemas.ts';
import type { FraudSpec } from './spec.ts';
import { alertRaisedType, caseChangedType } from './types.ts';

/** As derivations have it. */
export type AnyFraudSpec = Omit<FraudSpec, 'rules'> & { readonly rules: FraudSpec['rules'] | RuleLimits };

export interface FraudForm {
  readonly spec: FraudSpec;
  readonly alerts: EventType<AlertRaised>;
  readonly cases: EventType<CaseChanged>;
  /** Whether hits, actions and suppressions are said. */
  readonly isEarlier: boolean;
}

export function formOf(spec: AnyFraudSpec): FraudForm {
  const { rules, ...rest } = spec;
  if (!isLimits(rules))
    return { spec: { ...rest, rules }, alerts: alertRaisedType, cases: caseChangedType, isEarlier: false };
  return {
    spec: { ...rest, rules: rulesOfLimits(rules) },
    alerts: EARLIER_ALERTS,
    cases: EARLIER_CASES,
    isEarlier: true,
  };
}

function isLimits(rules: AnyFraudSpec['rules']): rules is RuleLimits {
  return !Array.isArray(rules);
}

const EARLIER_ALERTS = eventTypeOf<AlertRaised>(without(alertRaisedSchema, ['rules']));
const EARLIER_CASES = eventTypeOf<CaseChanged>(withChanges(without(caseChangedSchema, ['holder', 'snoozedUntil']), 3));

function without(schema: AvroRecord, fields: readonly string[]): AvroRecord {
  return { ...schema, fields: schema.fields.filter(({ name }) => !fields.includes(name)) };
}

/** Only the first so many symbols of its enums. */
function withChanges(schema: AvroRecord, count: number): AvroRecord {
  const fields = schema.fields.map((field) =>
    typeof field.type === 'object' && 'symbols' in field.type
      ? { ...field, type: { ...field.type, symbols: field.type.symbols.slice(0, count) } }
      : field,
  );
  return { ...schema, fields };
}
