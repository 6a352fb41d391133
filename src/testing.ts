/** What a user's own tests import: `import { testOperator, testPipeline } from 'millrace/testing'`. */
import { loadConfig } from './config/load.ts';
import { createLogger } from './logger.ts';
import { startTestPipeline, type TestPipeline } from './run/test-pipeline.ts';

export { checkDeterminism, type ScriptStep } from './operators/check-determinism.ts';
export { type OperatorTest, type TestOperatorOptions, testOperator } from './operators/test-operator.ts';
export type { TestPipeline } from './run/test-pipeline.ts';

export interface TestPipelineOptions {
  /** Path of the pipeline file. */
  readonly config: string;
  /** Of every stream, instead of what the file says. */
  readonly partitions?: number;
}

/** As many as a pipeline file may say. */
const MAX_PARTITIONS = 64;

/**
 * Starts the whole pipeline on temporary data. Throws a ConfigError for a file that can't be taken, and a RangeError for an
 * option that means nothing. Close it after use.
 */
export async function testPipeline(options: TestPipelineOptions): Promise<TestPipeline> {
  const { config, partitions, ...unknown } = options;
  const [stray] = Object.keys(unknown);
  if (stray !== undefined) throw new RangeError(`there is no option ${stray}; known: config, partitions`);
  if (partitions !== undefined && !(Number.isInteger(partitions) && partitions >= 1 && partitions <= MAX_PARTITIONS)) {
    throw new RangeError(`partitions is a whole number from 1 to ${MAX_PARTITIONS}, not ${partitions}`);
  }
  const file = loadConfig(config, process.env);
  const streams = partitions === undefined ? file.streams : file.streams.map((stream) => ({ ...stream, partitions }));
  return startTestPipeline({ ...file, streams }, createLogger('error'));
}
