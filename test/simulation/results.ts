/** Derived events as values that can be compared, whatever the batches and partitions that they came in. */

import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { exchangesOf } from '../../src/data-directory/exchanges.ts';
import {
  alertRaisedType,
  caseChangedType,
  ruleHitType,
  sessionClosedType,
  transactionScoredType,
} from '../../src/fraud/types.ts';
import { dynamicEventType, type EventType } from '../../src/messages/codec.ts';
import type { Section } from '../../src/messages/commit.ts';
import { deadLetterType, sourceControlType } from '../../src/messages/types.ts';
import { type WindowResultType, windowResultType } from '../../src/messages/window-result.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { derivationTypes } from '../../src/partition/derivation.ts';
import { resultField } from '../../src/streams/aggregate-table.ts';
import { JOINS, OPERATORS, scenario, WINDOWS } from './scenario.ts';

const WINDOW_TYPES: readonly WindowResultType[] = WINDOWS.map(({ name, aggregates }) =>
  windowResultType(
    name,
    aggregates.map((spec) => resultField(spec)),
  ),
);

const OPERATOR_TYPES = OPERATORS.flatMap(({ outputs }) => outputs.map(({ schema }) => dynamicEventType(schema)));
const JOIN_TYPES = exchangesOf(scenario('/', 1, 0))
  .filter(({ exchange }) => JOINS.some(({ name }) => name === exchange.name))
  .flatMap(({ derivation }) => derivationTypes(derivation, OPERATOR_KINDS).operators)
  .flatMap(({ types }) => types.map(({ type }) => type));
/** What of them does not depend on order is all of it. */
const WHOLE_FINGERPRINTS = new Set([...OPERATOR_TYPES, ...JOIN_TYPES].map(({ fingerprint }) => fingerprint));

const TYPES = new Map<string, EventType<unknown>>(
  [...BUILTIN_TYPES, ...WINDOW_TYPES.map(({ type }) => type), ...OPERATOR_TYPES, ...JOIN_TYPES].map((type) => [
    type.fingerprint,
    type,
  ]),
);

/** The type that wrote a section. Throws on one of no built-in type. */
export function typeOf({ fingerprint }: Pick<Section, 'fingerprint'>): EventType<unknown> {
  const type = TYPES.get(fingerprint);
  if (type === undefined) throw new Error(`A section of schema ${fingerprint} is of no built-in type`);
  return type;
}

/** One line for each event of the sections, sorted. */
export function linesOf(sections: readonly Section[]): string[] {
  return sections
    .flatMap((section) => {
      const type = typeOf(section);
      return type.decodeBlock(section.bytes).map((event) => `${type.name} ${JSON.stringify(event)}`);
    })
    .sort();
}

/** What does not depend on the number of partitions: not the order, nor the watermark that made something fire. */
export interface Results {
  add(sections: readonly Section[]): void;
  /** Sorted. */
  lines(): string[];
}

export function createResults(): Results {
  const lines: string[] = [];
  return {
    add(sections) {
      for (const section of sections) {
        const { bytes, fingerprint } = section;
        const window = WINDOW_TYPES.find(({ type }) => type.fingerprint === fingerprint);
        if (window !== undefined) {
          for (const { at: _, ...result } of window.type.decodeBlock(bytes)) {
            lines.push(`${window.window} ${JSON.stringify(result)}`);
          }
          continue;
        }
        if (WHOLE_FINGERPRINTS.has(fingerprint)) {
          lines.push(...linesOf([section]));
          continue;
        }
        switch (fingerprint) {
          // How far a partition's results have come: others read them.
          case sourceControlType.fingerprint:
            break;
          // Of an operator; its number in the partition is another on another number of partitions.
          case deadLetterType.fingerprint:
            // Of a call that was given up, it says in which log.
            for (const { position: _, ...letter } of deadLetterType.decodeBlock(bytes))
              lines.push(JSON.stringify(letter).replace(/ of [\w.-]+-\d+(?= has not returned)/, ''));
            break;
          case sessionClosedType.fingerprint:
            for (const { at: _, ...session } of sessionClosedType.decodeBlock(bytes))
              lines.push(JSON.stringify(session));
            break;
          case transactionScoredType.fingerprint:
          case alertRaisedType.fingerprint:
          case caseChangedType.fingerprint:
          case ruleHitType.fingerprint:
            lines.push(...linesOf([section]));
            break;
          default:
            throw new Error(`${typeOf(section).name} is derived, though no input of a simulation is late`);
        }
      }
    },
    lines: () => lines.sort(),
  };
}
