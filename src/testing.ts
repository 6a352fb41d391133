/** What a user's own tests import: `import { testPipeline } from 'millrace/testing'`. */
import { loadConfig } from './config/load.ts';
import { createLog } from './log.ts';
import { startTestPipeline, type TestPipeline } from './service/test-pipeline.ts';

export type { TestPipeline } from './service/test-pipeline.ts';

export interface TestPipelineOptions {
  /** Path of the pipeline file. */
  readonly config: string;
  /** Of every stream, instead of what the file says. */
  readonly partitions?: number;
}

/** Starts the whole pipeline on temporary data. Throws a ConfigError for a file that can't be taken. Close it after use. */
export async function testPipeline({ config, partitions }: TestPipelineOptions): Promise<TestPipeline> {
  const file = loadConfig(config, process.env);
  const streams = partitions === undefined ? file.streams : file.streams.map((stream) => ({ ...stream, partitions }));
  return startTestPipeline({ ...file, streams }, createLog('error'));
}
