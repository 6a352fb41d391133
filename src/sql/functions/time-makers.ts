/** Times from numbers and texts, and back; and intervals. */
import { daysInMonth, daysOf, microsOf } from '../calendar.ts';
import type { SqlFunction } from '../function.ts';
import { BIGINT, DOUBLE, INTEGER, INTERVAL, type Kind, listOf, MS_PER_DAY, TIMESTAMP, VARCHAR } from '../kinds.ts';
import {
  of1,
  of3,
  ofTypes,
  remembered,
  scalar,
  T_BIGINT,
  T_DATE,
  T_INTERVAL,
  T_TIMESTAMP,
  T_VARCHAR,
} from '../overloads.ts';
import { formatter, parser } from '../time-format.ts';
import { type IntervalValue, SqlError, type SqlValue } from '../value.ts';

const ZONE = 'In DuckDB it is a TIMESTAMPTZ; here the same instant as a TIMESTAMP.';

export const TIME_MAKERS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'make_date',
      summary: 'The date of a year, month and day, or of days since 1970.',
      example: "make_date(2020, 2, 29) = DATE '2020-02-29'",
    },
    of1(INTEGER, T_DATE, (days) => days),
    of3(INTEGER, INTEGER, INTEGER, T_DATE, dateOf),
  ),
  scalar(
    {
      name: 'make_timestamp',
      summary: 'The time of year, month, day, hour, minute and second, or of microseconds since 1970.',
      example: "make_timestamp(2020, 3, 5, 10, 11, 12.5) = TIMESTAMP '2020-03-05 10:11:12.5'",
    },
    of1(BIGINT, T_TIMESTAMP, (micros) => Number(micros) / 1000),
    ofTypes([INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, DOUBLE], T_TIMESTAMP, (types) => {
      const second = DOUBLE.reader(types[5]!);
      return (args) => {
        const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = args.slice(0, 5).map(Number);
        return dateOf(year, month, day) * MS_PER_DAY + clockOf(hour, minute, second(args[5] ?? null));
      };
    }),
  ),
  scalar(
    {
      name: 'make_timestamp_ms',
      summary: 'The time of milliseconds since 1970.',
      example: "make_timestamp_ms(1500) = TIMESTAMP '1970-01-01 00:00:01.5'",
    },
    of1(BIGINT, T_TIMESTAMP, Number),
  ),
  scalar(
    {
      name: 'to_timestamp',
      summary: 'The time of seconds since 1970.',
      example: "to_timestamp(1.5) = TIMESTAMP '1970-01-01 00:00:01.5'",
      differs: ZONE,
    },
    of1(DOUBLE, T_TIMESTAMP, (seconds) => Math.round(seconds * 1e6) / 1000),
  ),
  scalar(
    {
      name: 'epoch_ms',
      summary: 'Milliseconds since 1970; of an interval its milliseconds; of a number the time.',
      example: "epoch_ms(TIMESTAMP '1970-01-01 00:00:01.5') = 1500",
    },
    of1(BIGINT, T_TIMESTAMP, Number),
    of1(TIMESTAMP, T_BIGINT, Math.trunc),
    of1(INTERVAL, T_BIGINT, (interval) => Math.trunc(msOf(interval))),
  ),
  scalar(
    {
      name: 'epoch_us',
      summary: 'Microseconds since 1970, or of an interval.',
      example: "epoch_us(TIMESTAMP '1970-01-01 00:00:01.5') = 1500000",
    },
    of1(TIMESTAMP, T_BIGINT, microsOf),
    of1(INTERVAL, T_BIGINT, (interval) => microsOf(msOf(interval))),
  ),
  scalar(
    {
      name: 'epoch_ns',
      summary: 'Nanoseconds since 1970, or of an interval.',
      example: "epoch_ns(TIMESTAMP '1970-01-01 00:00:01.5') = 1500000000",
    },
    of1(TIMESTAMP, T_BIGINT, (ms) => BigInt(microsOf(ms)) * 1000n),
    of1(INTERVAL, T_BIGINT, (interval) => BigInt(microsOf(msOf(interval))) * 1000n),
  ),
  scalar(
    {
      name: 'strftime',
      summary: 'A time as a text by a format, such as %Y-%m-%d %H:%M:%S.',
      example: "strftime(DATE '2020-03-05', '%d %b %Y') = '05 Mar 2020'",
      differs: '%n, nanoseconds, has nine digits.',
    },
    ofTypes([TIMESTAMP, VARCHAR], T_VARCHAR, (types, [, format]) => writing(TIMESTAMP.reader(types[0]!), 0, format)),
    ofTypes([VARCHAR, TIMESTAMP], T_VARCHAR, (types, [format]) => writing(TIMESTAMP.reader(types[1]!), 1, format)),
  ),
  reading(
    'strptime',
    'A text as a time by a format; another text is a fault.',
    "strptime('05 Mar 2020', '%d %b %Y') = TIMESTAMP '2020-03-05 00:00:00'",
    false,
  ),
  reading(
    'try_strptime',
    'A text as a time by a format; of another text null.',
    "try_strptime('?', '%Y') IS NULL = true",
    true,
  ),
  ...(
    [
      ['to_millennia', INTEGER, 12_000, 0, 0],
      ['to_centuries', INTEGER, 1200, 0, 0],
      ['to_decades', INTEGER, 120, 0, 0],
      ['to_years', INTEGER, 12, 0, 0],
      ['to_quarters', INTEGER, 3, 0, 0],
      ['to_months', INTEGER, 1, 0, 0],
      ['to_weeks', INTEGER, 0, 7, 0],
      ['to_days', INTEGER, 0, 1, 0],
      ['to_hours', INTEGER, 0, 0, 3_600_000],
      ['to_minutes', INTEGER, 0, 0, 60_000],
      ['to_seconds', DOUBLE, 0, 0, 1000],
      ['to_milliseconds', DOUBLE, 0, 0, 1],
      ['to_microseconds', INTEGER, 0, 0, 0.001],
    ] as const
  ).map(([name, kind, months, days, ms]) => intervalMaker(name, kind, { months, days, ms })),
];

/** Throws a SqlError for a day that there is not. */
function dateOf(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    throw new SqlError(`${year}-${month}-${day} is no date`);
  }
  return daysOf(year, month, day);
}

/** Rounded to microseconds. 24:00:00 is the end of a day. */
function clockOf(hour: number, minute: number, second: number): number {
  const micros = Math.round(second * 1e6);
  const isEnd = hour === 24 && minute === 0 && micros === 0;
  if (!isEnd && (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second >= 60)) {
    throw new SqlError(`${hour}:${minute}:${second} is no time of a day`);
  }
  return (hour * 60 + minute) * 60_000 + micros / 1000;
}

/** A month has 30 days, as DuckDB counts here. */
function msOf({ months, days, ms }: IntervalValue): number {
  return (months * 30 + days) * MS_PER_DAY + ms;
}

function writing(time: (value: SqlValue) => number, at: 0 | 1, constant: SqlValue | undefined) {
  const written = remembered(formatter, constant);
  return (args: readonly SqlValue[]) => written(String(args[1 - at]))(time(args[at] ?? null));
}

function reading(name: string, summary: string, example: string, isTried: boolean): SqlFunction {
  const result = (found: number | null, text: string, format: string): number | null => {
    if (found === null && !isTried)
      throw new SqlError(`${JSON.stringify(text)} is no time by the format ${JSON.stringify(format)}`);
    return found;
  };
  return scalar(
    {
      name,
      summary: `${summary} With a list of formats the first that fits.`,
      example,
      differs: '%U, %W, %V, %G, %w, %u and %Z are not read. With %z the time is in UTC.',
    },
    ofTypes([VARCHAR, VARCHAR], T_TIMESTAMP, (_types, [, constant]) => {
      const parsed = remembered(parser, constant);
      return ([text = null, format = null]) =>
        result(parsed(String(format))(String(text)), String(text), String(format));
    }),
    ofTypes([VARCHAR, listOf(VARCHAR)], T_TIMESTAMP, (types) => {
      const formats = listOf(VARCHAR).reader(types[1]!);
      return ([text = null, list = null]) => {
        const all = formats(list).flatMap((format) => format ?? []);
        for (const format of all) {
          const found = parser(format)(String(text));
          if (found !== null) return found;
        }
        return result(null, String(text), all.join(', '));
      };
    }),
  );
}

function intervalMaker(name: string, kind: Kind<number>, one: IntervalValue): SqlFunction {
  const unit = name.slice(3);
  const read = (count: number): IntervalValue => ({
    months: one.months * count + 0,
    days: one.days * count + 0,
    ms: Math.round(one.ms * count * 1000) / 1000 + 0,
  });
  return scalar(
    {
      name,
      summary: `An interval of so many ${unit}.`,
      example: `${name}(2) = INTERVAL '2 ${unit}'`,
    },
    of1(kind, T_INTERVAL, (count) => ({ ...read(count) })),
  );
}
