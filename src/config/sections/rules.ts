/**
 * The rules of a file: conditions over the events of a stream, each with a score and a reason in words. Those of a stream that a
 * section judges are part of that section's work. A rule of any other stream is a derived stream of its hits.
 */
import { z } from 'zod';
import { unknownName } from '../../keys/names.ts';
import { name } from '../../keys/value-schema.ts';
import { DERIVED_TIME } from '../../messages/derived-event.ts';
import { comparedNumbers } from '../../sql/compared-numbers.ts';
import { compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { nameText } from '../../sql/expression-text.ts';
import { renamedColumns } from '../../sql/renamed.ts';
import { mappedTemplate, templateExpression } from '../../sql/template.ts';
import { functionsIn, type UserFunction } from '../../sql/user-function.ts';
import { selectedType } from '../../streams/selected-type.ts';
import { checkCondition, checkNumber, checkTemplate, type ReportAt, writtenLanguage } from '../expressions.ts';
import { entries, type Reading, section } from '../section.ts';
import { type DerivedConfig, derivedRelation } from './derived.ts';
import type { NamedFeature } from './feature-set.ts';
import { featuresSection } from './features.ts';
import { functionsSection } from './functions.ts';
import type { Relation } from './relation.ts';

interface RuleTexts {
  readonly where: string;
  readonly reason: string;
  readonly value?: string;
  readonly norm?: string;
}

export interface RuleConfig {
  readonly name: string;
  readonly stream: string;
  readonly where: string;
  readonly score: number;
  readonly reason: string;
  readonly value?: string;
  readonly norm?: string;
  readonly enabled: boolean;
  /** The texts as they are computed, where they name features: the features are fields of the events that have them. */
  readonly computed?: RuleTexts;
  /** Functions of users that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
  /**
   * The rule's hits, where they are a stream of their own. Absent for a rule that is not enabled, and for one of the
   * judged stream.
   */
  readonly derived?: DerivedConfig;
}

const rule = z.strictObject({
  stream: z.string(),
  where: z.string().min(1).describe('SQL that is true of the events that it fires on.'),
  score: z.number().gt(0).max(1).describe('From 0 to 1: how much it says on its own.'),
  reason: z.string().min(1).describe('In words, with expressions in braces, such as {amountCents / 100:.2f}.'),
  value: z.string().min(1).optional().describe('The number that it looks at; else that of its comparison.'),
  norm: z
    .union([z.string().min(1), z.number()])
    .transform(String)
    .optional()
    .describe('What that number is held against; else that of its comparison.'),
  enabled: z.boolean().default(true).describe('false: it is declared, and can be backtested, but does not run.'),
});

type RawRule = z.output<typeof rule>;

const each = entries(ruleOf);

export const rulesSection = section({
  key: 'rules',
  schema: z.record(name, rule).default({}),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (own, raw) => (Object.hasOwn(raw, own) ? own : null),
    names: (raw, reading) => Object.keys(raw).filter((own) => reading.judgeOf(raw[own]?.stream ?? '') === null),
    of(own, reading, at) {
      const stream = rulesSection.raw(reading)[own]?.stream ?? '';
      const judge = reading.judgeOf(stream);
      if (judge !== null) {
        reading.report(at, `is a rule of ${stream}: its hits are in ${judge.hits}`);
        return null;
      }
      const rule = each.one(own, rulesSection.raw(reading), reading);
      const of = rule === null ? null : reading.relation(rule.derived?.stream ?? rule.stream, ['rules', own, 'stream']);
      if (rule === null || of === null) return null;
      if (rule.derived !== undefined) return derivedRelation(rule.derived, of);
      reading.report(at, 'is a rule that is not enabled');
      return null;
    },
  },
  derive(raw, reading): readonly RuleConfig[] {
    checkNumbers(raw, reading);
    return each.all(raw, reading);
  },
  print: (all) =>
    Object.fromEntries(all.map(({ name: own, functions: _, derived: __, computed: ___, ...rest }) => [own, rest])),
});

function checkNumbers(raw: Readonly<Record<string, RawRule>>, reading: Reading): void {
  for (const stream of new Set(Object.values(raw).map((own) => own.stream))) {
    const most = reading.judgeOf(stream)?.rulesMax;
    const count = Object.values(raw).filter((own) => own.stream === stream).length;
    if (most !== undefined && count > most)
      reading.report(['rules'], `has ${count} rules of ${stream}; up to ${most} can be`);
  }
}

function ruleOf(own: string, raw: RawRule, reading: Reading): RuleConfig | null {
  const at = ['rules', own];
  const functions = functionsSection.of(reading);
  const relation = reading.relation(raw.stream, [...at, 'stream']);
  if (relation === null) return null;
  const judge = reading.judgeOf(raw.stream);
  const set = featuresSection.of(reading).find((each) => each.stream === raw.stream);
  let isSound = true;
  const told =
    (key: string): ReportAt =>
    (message, character) => {
      isSound = false;
      reading.report([...at, key], message, character);
    };
  const named = namedFeatures(raw, set?.features ?? [], told);
  if (!isSound) return null;
  const seen = set === undefined || (judge === null && named === null) ? relation : reading.relation(set.name, at);
  if (seen === null) return null;
  const schema = judge === null ? seen.schema : judge.facts(seen.schema);
  const texts = named ?? raw;
  checkCondition(texts.where, schema, functions, told('where'));
  checkTemplate(texts.reason, schema, functions, told('reason'));
  if (texts.value !== undefined) checkNumber(texts.value, schema, functions, told('value'));
  if (texts.norm !== undefined) checkNumber(texts.norm, schema, functions, told('norm'));
  if (!isSound) return null;
  const compared = comparedNumbers(texts.where, schema, functions);
  const [value, norm] = [raw.value ?? compared?.value, raw.norm ?? compared?.norm];
  const { where, score, reason, enabled, stream } = raw;
  const rule: RuleConfig = {
    ...{ name: own, stream, where, score, reason, enabled },
    ...numbersOf(raw.value ?? (named === null ? value : undefined), raw.norm ?? (named === null ? norm : undefined)),
    ...(named === null
      ? {}
      : {
          computed: {
            where: named.where,
            reason: named.reason,
            ...numbersOf(named.value ?? value, named.norm ?? norm),
          },
        }),
    ...functionsIn([where, reason, value ?? '', norm ?? ''], functions),
  };
  return judge !== null || !enabled ? rule : { ...rule, derived: derivedOfRule(rule, seen) };
}

function numbersOf(value: string | undefined, norm: string | undefined) {
  return { ...(value === undefined ? {} : { value }), ...(norm === undefined ? {} : { norm }) };
}

/** The texts of a rule with fields of features in the place of the features' names; null where it names none. */
function namedFeatures(
  raw: RawRule,
  features: readonly NamedFeature[],
  told: (key: string) => ReportAt,
): RuleTexts | null {
  let isNamed = false;
  const rename = (text: string, key: string, before = 0): string => {
    try {
      return renamedColumns(text, ([group = '', entry = '', own = ''], character) => {
        if (group.toLowerCase() !== 'features' || own === '') return null;
        const found = features.find((each) => each.entry === entry && each.name === own);
        isNamed = true;
        if (found !== undefined) return found.field;
        const known = features.map((each) => `features.${each.entry}.${each.name}`);
        told(key)(unknownName('feature', `features.${entry}.${own}`, known), before + character);
        return own;
      });
    } catch (error) {
      // An expression that can't be read is reported where the text is checked.
      if (!(error instanceof ExpressionError)) throw error;
      return text;
    }
  };
  const reason = (): string => {
    try {
      return mappedTemplate(raw.reason, (expression, at) => rename(expression, 'reason', at));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return raw.reason;
    }
  };
  const texts = {
    where: rename(raw.where, 'where'),
    reason: reason(),
    ...numbersOf(
      raw.value === undefined ? undefined : rename(raw.value, 'value'),
      raw.norm === undefined ? undefined : rename(raw.norm, 'norm'),
    ),
  };
  return isNamed ? texts : null;
}

/** Fields of a hit beside those of its event. */
const OWN_FIELDS = ['score', 'reason'];

/** The hits of a rule as a derived stream: the event's fields, the score, and the reason in words. */
function derivedOfRule({ name: own, score, functions, computed, ...written }: RuleConfig, of: Relation): DerivedConfig {
  const { where, reason } = computed ?? written;
  const { schema } = of;
  const kept = schema.fields.filter(({ name: field }) => {
    if ([...OWN_FIELDS, 'stream', DERIVED_TIME].includes(field)) return false;
    return selectedType(field, compileExpression(nameText(field), schema), schema) !== null;
  });
  const fields = [
    ...kept.map(({ name: field }) => ({ name: field, expression: nameText(field) })),
    { name: 'score', expression: `CAST(${score} AS DOUBLE)` },
    { name: 'reason', expression: templateExpression(reason) },
  ];
  const texts = [where, ...fields.map(({ expression }) => expression)];
  return {
    ...{ name: own, stream: of.name, where, fields },
    ...writtenLanguage(texts, schema),
    ...(functions === undefined ? {} : { functions }),
  };
}
