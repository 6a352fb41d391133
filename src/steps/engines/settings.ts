/** `engines:` of the pipeline file: where statements of steps run, if not in DuckDB. */
import { z } from 'zod';
import { REDACTED, secret } from '../../keys/value-schema.ts';

export const ENGINE_NAMES = ['duckdb', 'spark', 'trino', 'command'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

const trino = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('Of the coordinator, such as https://trino:8443.'),
  user: z.string().min(1).default('millrace'),
  password: secret.nullable().default(null).describe('For HTTP Basic authentication; over https only.'),
  catalog: z.string().min(1).nullable().default(null).describe('Where a table is looked for that names none.'),
  schema: z.string().min(1).nullable().default(null).describe('Likewise.'),
});

const spark = z
  .strictObject({
    rest: z
      .url({ protocol: /^https?$/ })
      .nullable()
      .default(null)
      .describe('The REST submission server of a standalone master.'),
    master: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('With `rest`: spark://host:7077, as the driver finds it.'),
    submit: z
      .array(z.string())
      .min(1)
      .nullable()
      .default(null)
      .describe('Instead of `rest`: [spark-submit, --master, yarn].'),
    results: z
      .string()
      .min(1)
      .describe('Where Spark writes and this process reads: a folder that both see, or s3://bucket/prefix.'),
    resource: z
      .string()
      .min(1)
      .default('spark-internal')
      .describe('With `rest`: a jar that the workers have, such as file:/opt/spark/jars/spark-sql_2.13-4.2.0.jar.'),
    version: z.string().min(1).default('4.2.0').describe('With `rest`: of the cluster.'),
    properties: z.record(z.string(), z.string()).default({}).describe('Of Spark, such as spark.executor.memory.'),
    tables: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and underscores'), z.string().min(1))
      .default({})
      .describe('Folders of Parquet that a statement names as tables, as Spark reaches them.'),
  })
  .refine(({ rest, submit }) => (rest === null) !== (submit === null), {
    message: 'has either `rest: http://master:6066` or `submit: [spark-submit, …]`',
  })
  .refine(({ rest, master }) => rest === null || master !== null, {
    message: 'needs `master: spark://host:7077` beside `rest`',
    path: ['master'],
  });

const command = z.strictObject({
  run: z
    .array(z.string())
    .min(1)
    .describe('A command and its arguments: {sqlFile} has the statement, and {result} is the file to write.'),
  format: z.enum(['parquet', 'csv', 'jsonl']).default('parquet').describe('Of the file that it writes.'),
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe('What its environment has beside PATH, HOME and the like.'),
});

export const engines = z
  .strictObject({
    trino: trino.nullable().default(null),
    spark: spark.nullable().default(null),
    command: command.nullable().default(null),
  })
  .prefault({})
  .describe('Where a step `sql` runs that says `engine: trino`, `spark` or `command`.');

export type Engines = z.output<typeof engines>;
export type TrinoSettings = NonNullable<Engines['trino']>;
export type SparkSettings = NonNullable<Engines['spark']>;
export type CommandSettings = NonNullable<Engines['command']>;

/** The settings without their secrets. */
export function redactEngines({ trino: own, spark: cluster, command: tool }: Engines): Engines {
  const hidden = (map: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(map).map(([name, value]) => [name, /secret|password|token|key/i.test(name) ? REDACTED : value]),
    );
  return {
    trino: own === null ? null : { ...own, password: own.password === null ? null : REDACTED },
    spark: cluster === null ? null : { ...cluster, properties: hidden(cluster.properties) },
    command:
      tool === null
        ? null
        : { ...tool, env: Object.fromEntries(Object.keys(tool.env).map((name) => [name, REDACTED])) },
  };
}
