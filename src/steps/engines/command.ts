/** A user's command as an engine: it gets the statement in a file, and writes the rows to a file. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { quotedText } from '../../sql-quotes.ts';
import { keptEnv, tellsOf } from '../command-env.ts';
import { type EngineCall, EngineError, type EngineRows } from './engine.ts';
import type { CommandSettings } from './settings.ts';

const READERS: Readonly<Record<CommandSettings['format'], string>> = {
  parquet: 'read_parquet',
  csv: 'read_csv',
  jsonl: 'read_json',
};

export async function runOnCommand({ run, format, env }: CommandSettings, call: EngineCall): Promise<EngineRows> {
  const { context, host, sql } = call;
  const sqlFile = host.scratchFile(`${context.idempotencyKey}/command`, 'sql');
  const result = host.scratchFile(`${context.idempotencyKey}/command`, format);
  const release = async (): Promise<void> => {
    for (const file of [sqlFile, result]) rmSync(file, { recursive: true, force: true });
  };
  await release();
  writeFileSync(sqlFile, sql);
  try {
    const [command = '', ...args] = run.map((word) =>
      word.replaceAll('{sqlFile}', sqlFile).replaceAll('{result}', result),
    );
    await runTool({ command, args, env }, call);
    if (!existsSync(result)) throw new EngineError(`${command} has ended well and has not written {result}`, true);
  } catch (error) {
    await release();
    throw error;
  }
  return { sql: `SELECT * FROM ${READERS[format]}(${quotedText(result)})`, release };
}

/** Resolves once the command has ended with exit code 0. */
export async function runTool(
  {
    command,
    args,
    env,
  }: { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
  { context, host, signal }: EngineCall,
): Promise<void> {
  const task = { command, args, directory: process.cwd(), env: { ...keptEnv(), ...tellsOf(context), ...env } };
  const end = await host.processes.runCommand(task, signal, context.log);
  if (end.kind === 'exited' && end.exitCode === 0) return;
  if (end.kind === 'exited')
    throw new EngineError(`${command} ended with exit code ${end.exitCode}; see the log of the step`, false);
  throw new EngineError(end.reason, end.kind === 'unusable');
}
