/** The port of steps whose work is a process of its own: a module of a user, or a command. */
import type { LogLevel, StepInterval } from './step.ts';

/** What a module of a user is called with, as plain data. */
export interface ModuleTask {
  /** Path of the module. */
  readonly module: string;
  /** Of its heap; the whole process may have PROCESS_BYTES more. */
  readonly memoryBytes: number;
  readonly call: {
    readonly job: string;
    readonly step: string;
    readonly runId: string;
    readonly attempt: number;
    readonly interval: StepInterval;
    readonly params: Readonly<Record<string, unknown>>;
    readonly item: unknown;
    readonly idempotencyKey: string;
    readonly results: Readonly<Record<string, unknown>>;
  };
}

export type ModuleEnd =
  /** JSON of what it returned; null for nothing. */
  | { readonly kind: 'returned'; readonly json: string | null }
  | { readonly kind: 'threw'; readonly reason: string }
  /** It would fail again in the same way: it can't be imported, or what it exports or returns is of no use. */
  | { readonly kind: 'unusable'; readonly reason: string }
  /** Its process ended before it did. */
  | { readonly kind: 'died'; readonly reason: string };

/** A command, as plain data: no shell reads it. */
export interface CommandTask {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** All that its environment has. */
  readonly env: Readonly<Record<string, string>>;
}

export type CommandEnd =
  | {
      readonly kind: 'exited';
      readonly exitCode: number /** Null when it is too long. */;
      readonly stdout: string | null;
    }
  /** There is no such command, or it may not be run. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'died'; readonly reason: string };

export type LogLine = (level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface StepProcesses {
  /** Rejects once the signal has aborted and the process has ended. */
  runModule(task: ModuleTask, signal: AbortSignal, log: LogLine): Promise<ModuleEnd>;
  /** Likewise, with all processes that the command has started, as far as they stay in its group. */
  runCommand(task: CommandTask, signal: AbortSignal, log: LogLine): Promise<CommandEnd>;
  /** Likewise, a command of this program, such as `model retrain`. */
  runOwn(args: readonly string[], signal: AbortSignal, log: LogLine): Promise<CommandEnd>;
}
