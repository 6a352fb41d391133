/** Times: their parts, cut to units, counted between, and moved. */
import { civilOf, dayOf, daysInMonth, daysOf } from '../calendar.ts';
import { DATE_PARTS, type DatePart, datePartNamed } from '../date-parts.ts';
import type { SqlFunction } from '../function.ts';
import { addToTimestamp, negated } from '../interval.ts';
import { DATE, INTERVAL, type Kind, MS_PER_DAY, TIMESTAMP, VARCHAR } from '../kinds.ts';
import {
  of1,
  of2,
  of3,
  ofTypes,
  remembered,
  scalar,
  T_BIGINT,
  T_DATE,
  T_DOUBLE,
  T_INTERVAL,
  T_TIMESTAMP,
  T_VARCHAR,
} from '../overloads.ts';
import { DAY_NAMES, MONTH_NAMES } from '../time-format.ts';
import {
  boundariesBetween,
  bucketOf,
  dayPlusInterval,
  truncated,
  truncatedInterval,
  wholeBetween,
} from '../time-units.ts';
import type { SqlType } from '../type.ts';
import { SqlError, type SqlValue } from '../value.ts';

const SUMMARIES: Readonly<Record<string, string>> = {
  millisecond: 'Seconds and their part, in milliseconds.',
  microsecond: 'Seconds and their part, in microseconds.',
  dayofweek: 'The day of the week, 0 for Sunday.',
  isodow: 'The day of the week, 1 for Monday, 7 for Sunday.',
  dayofyear: 'The day of the year, from 1.',
  week: 'The week by ISO 8601.',
  isoyear: 'The year that the week by ISO 8601 is of.',
  yearweek: 'The year and week by ISO 8601 as one number.',
  era: '1, or 0 before the year 1.',
  epoch: 'Seconds since 1970, or of an interval.',
  julian: 'The Julian day.',
};

const EXAMPLES: Readonly<Record<string, string>> = {
  hour: "hour(TIMESTAMP '2020-03-05 10:11:12') = 10",
  minute: "minute(TIMESTAMP '2020-03-05 10:11:12') = 11",
  second: "second(TIMESTAMP '2020-03-05 10:11:12') = 12",
  millisecond: "millisecond(TIMESTAMP '2020-03-05 10:11:12.5') = 12500",
  microsecond: "microsecond(TIMESTAMP '2020-03-05 10:11:12.5') = 12500000",
};

export const TIMES: readonly SqlFunction[] = [
  ...DATE_PARTS.map(partFunction),
  scalar(
    {
      name: 'date_part',
      aliases: ['datepart'],
      summary: `A part by its name, as extract: ${DATE_PARTS.map(({ name }) => name).join(', ')}.`,
      example: "date_part('year', DATE '2020-03-05') = 2020",
      differs: 'The name is a text, not a list of them.',
    },
    partForm(TIMESTAMP, ({ of }) => of),
    partForm(INTERVAL, ({ name, ofInterval }) => ofInterval ?? noPart(name)),
  ),
  scalar(
    {
      name: 'date_trunc',
      aliases: ['datetrunc'],
      summary: 'The beginning of the unit that a time is in; a week begins on Monday.',
      example: "date_trunc('month', TIMESTAMP '2020-03-05 10:00:00') = TIMESTAMP '2020-03-01 00:00:00'",
    },
    ofTypes([VARCHAR, TIMESTAMP], T_TIMESTAMP, (types, constants) => {
      const [unit, read] = [unitReader(constants), TIMESTAMP.reader(types[1]!)];
      return ([word = null, time = null]) => truncated(unit(word), read(time));
    }),
    ofTypes([VARCHAR, INTERVAL], T_INTERVAL, (types, constants) => {
      const [unit, read] = [unitReader(constants), INTERVAL.reader(types[1]!)];
      return ([word = null, interval = null]) => ({ ...truncatedInterval(unit(word), read(interval)) });
    }),
  ),
  between(
    'date_diff',
    'datediff',
    'How many beginnings of a unit lie between two times; weeks are seven days.',
    ["date_diff('day', TIMESTAMP '2020-01-01 23:00:00', TIMESTAMP '2020-01-02 01:00:00') = 1"],
    boundariesBetween,
  ),
  between(
    'date_sub',
    'datesub',
    'How many whole units lie between two times.',
    ["date_sub('day', TIMESTAMP '2020-01-01 23:00:00', TIMESTAMP '2020-01-02 01:00:00') = 0"],
    wholeBetween,
  ),
  scalar(
    {
      name: 'date_add',
      summary: 'A time moved by an interval, as `+`.',
      example: "date_add(DATE '2020-01-31', INTERVAL 1 MONTH) = TIMESTAMP '2020-02-29 00:00:00'",
    },
    of2(TIMESTAMP, INTERVAL, T_TIMESTAMP, addToTimestamp),
  ),
  scalar(
    {
      name: 'time_bucket',
      summary:
        'The beginning of the bucket that a time is in. Buckets are as wide as the interval, and begin at 2000-01-03, those of months at 2000-01-01, or at an origin; or are moved by an offset.',
      example: "time_bucket(INTERVAL '1 hour', TIMESTAMP '2020-03-05 10:20:00') = TIMESTAMP '2020-03-05 10:00:00'",
    },
    ...[DATE, TIMESTAMP].flatMap((kind) => [
      of2(INTERVAL, kind, resultOf(kind), (width, time) => fromMs(kind, bucketOf(width, msOf(kind, time), null))),
      of3(INTERVAL, kind, INTERVAL, resultOf(kind), (width, time, offset) => {
        const bucket = bucketOf(width, addToTimestamp(msOf(kind, time), negated(offset)), null);
        const isDay = kind === DATE && width.months > 0;
        return isDay ? dayPlusInterval(dayOf(bucket), offset) : fromMs(kind, addToTimestamp(bucket, offset));
      }),
      of3(INTERVAL, kind, kind, resultOf(kind), (width, time, origin) => {
        return fromMs(kind, bucketOf(width, msOf(kind, time), msOf(kind, origin)));
      }),
    ]),
  ),
  scalar(
    {
      name: 'last_day',
      summary: 'The last day of the month.',
      example: "last_day(DATE '2020-02-05') = DATE '2020-02-29'",
    },
    of1(TIMESTAMP, T_DATE, (ms) => {
      const { year, month } = civilOf(dayOf(ms));
      return daysOf(year, month, daysInMonth(year, month));
    }),
  ),
  scalar(
    { name: 'dayname', summary: 'The English name of the day.', example: "dayname(DATE '2020-03-05') = 'Thursday'" },
    of1(TIMESTAMP, T_VARCHAR, (ms) => DAY_NAMES[datePartNamed('dow').of(ms)] ?? null),
  ),
  scalar(
    { name: 'monthname', summary: 'The English name of the month.', example: "monthname(DATE '2020-03-05') = 'March'" },
    of1(TIMESTAMP, T_VARCHAR, (ms) => MONTH_NAMES[civilOf(dayOf(ms)).month - 1] ?? null),
  ),
];

/** Each part is a function by its own name too. */
function partFunction({ name, words, of, ofInterval }: DatePart): SqlFunction {
  const result = name === 'epoch' || name === 'julian' ? T_DOUBLE : T_BIGINT;
  const aliases = words.filter((word) => ['dayofmonth', 'weekday', 'weekofyear'].includes(word));
  const summary = SUMMARIES[name] ?? `The ${name} of a time.`;
  return scalar(
    {
      name,
      aliases,
      summary,
      example: EXAMPLES[name] ?? `${name}(DATE '2020-03-05') = ${String(of(Date.UTC(2020, 2, 5)))}`,
    },
    of1(TIMESTAMP, result, of),
    ...(ofInterval === undefined ? [] : [of1(INTERVAL, result, ofInterval)]),
  );
}

/** The type depends on the name, where that is a constant. */
function partForm<T>(kind: Kind<T>, ofPart: (part: DatePart) => (value: T) => number) {
  return ofTypes(
    [VARCHAR, kind],
    (_types, [word]) =>
      typeof word === 'string' && ['epoch', 'julian'].includes(word.toLowerCase()) ? T_DOUBLE : T_BIGINT,
    (types, [constant]) => {
      const read = kind.reader(types[1]!);
      const named = remembered((word) => ofPart(datePartNamed(word)), constant);
      const isDouble = typeof constant === 'string';
      return ([word = null, value = null]) => {
        const found = named(String(word))(read(value));
        return isDouble ? found : Math.trunc(found);
      };
    },
  );
}

function noPart(name: string): never {
  throw new SqlError(`An interval has no ${name}`);
}

function unitReader([constant]: readonly (SqlValue | undefined)[]): (word: SqlValue) => string {
  const named = remembered((word) => datePartNamed(word).name, constant);
  return (word) => named(String(word));
}

function between(
  name: string,
  alias: string,
  summary: string,
  [example = '']: readonly string[],
  count: (unit: string, fromMs: number, toMs: number) => number,
): SqlFunction {
  return scalar(
    { name, aliases: [alias], summary, example },
    ofTypes([VARCHAR, TIMESTAMP, TIMESTAMP], T_BIGINT, (types, constants) => {
      const unit = unitReader(constants);
      const [from, to] = [TIMESTAMP.reader(types[1]!), TIMESTAMP.reader(types[2]!)];
      return ([word = null, a = null, b = null]) => count(unit(word), from(a), to(b));
    }),
  );
}

function resultOf(kind: Kind<number>): SqlType {
  return kind === DATE ? T_DATE : T_TIMESTAMP;
}

function msOf(kind: Kind<number>, value: number): number {
  return kind === DATE ? value * MS_PER_DAY : value;
}

function fromMs(kind: Kind<number>, ms: number): number {
  return kind === DATE ? dayOf(ms) : ms;
}
