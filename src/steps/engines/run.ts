/** Which engine runs the statement of a step. */
import { runOnCommand } from './command.ts';
import type { EngineCall, EngineRows } from './engine.ts';
import { EngineError } from './engine.ts';
import type { EngineName, Engines } from './settings.ts';
import { runOnSpark } from './spark.ts';
import { runOnTrino } from './trino.ts';

export async function runOn(
  name: Exclude<EngineName, 'duckdb'>,
  engines: Engines,
  call: EngineCall,
): Promise<EngineRows> {
  const { trino, spark, command } = engines;
  if (name === 'trino' && trino !== null) return runOnTrino(trino, call);
  if (name === 'spark' && spark !== null) return runOnSpark(spark, call);
  if (name === 'command' && command !== null) return runOnCommand(command, call);
  throw new EngineError(`there is no \`engines.${name}\` in the pipeline file`, true);
}
