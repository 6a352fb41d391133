/** Every command of the command line, in the order in which help lists them: to add one is an entry here. */
import type { Command } from './commands/command.ts';

/** A command is loaded when asked for: help must not wait for DuckDB, nor fail with a command that can't be loaded. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: {
    summary: 'write a project of your own: a pipeline file, an operator, its test',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  start: {
    summary: 'start the service and its page',
    load: async () => (await import('./commands/start.ts')).startCommand,
  },
  run: {
    summary: 'run the whole pipeline over files to their end',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  replay: {
    summary: 'rebuild the read models from the journal',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  reprocess: {
    summary: 'results of another pipeline file over what the journal has, beside the live ones',
    load: async () => (await import('./commands/reprocess.ts')).reprocessCommand,
  },
  promote: {
    summary: 'put what was reprocessed in the place of the live results',
    load: async () => (await import('./commands/promote.ts')).promoteCommand,
  },
  query: {
    summary: 'run one SELECT against a read model',
    load: async () => (await import('./commands/query.ts')).queryCommand,
  },
  check: {
    summary: 'hold suites of expectations against a file, a table or a query',
    load: async () => (await import('./commands/check.ts')).checkCommand,
  },
  profile: {
    summary: 'propose a suite of expectations that a file or a table meets',
    load: async () => (await import('./commands/profile.ts')).profileCommand,
  },
  explain: {
    summary: 'say what an alert, a result or an event came of, and what came of it',
    load: async () => (await import('./commands/explain.ts')).explainCommand,
  },
  'check-view': {
    summary: "compare a view with DuckDB's answer to its statement",
    load: async () => (await import('./commands/check-view.ts')).checkViewCommand,
  },
  'explain-view': {
    summary: 'print what a view comes to: its operators, exchanges and state',
    load: async () => (await import('./commands/explain-view.ts')).explainViewCommand,
  },
  export: {
    summary: 'write a stream to a file: Parquet, CSV, JSON lines or Avro',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  import: {
    summary: 'take a file into a stream, of a running service too',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  produce: {
    summary: 'send the lines of a file to the topic that a stream is read from',
    load: async () => (await import('./commands/produce.ts')).produceCommand,
  },
  topics: {
    summary: 'list the topics of the Kafka cluster, and who of the pipeline reads and writes them',
    load: async () => (await import('./commands/topics.ts')).topicsCommand,
  },
  features: {
    summary: 'export features as they were computed at each event',
    load: async () => (await import('./commands/features.ts')).featuresCommand,
  },
  model: {
    summary: 'train models on journaled features, and judge them',
    load: async () => (await import('./fraud/commands/model.ts')).modelCommand,
  },
  digest: {
    summary: 'print one hash a projection table and a derived stream',
    load: async () => (await import('./commands/digest.ts')).digestCommand,
  },
  job: {
    summary: 'jobs: list, show, run, pause, cancel and clear them; their runs and logs',
    load: async () => (await import('./commands/job.ts')).jobCommand,
  },
  backfill: {
    summary: 'runs of a job for intervals of the past',
    load: async () => (await import('./commands/backfill.ts')).backfillCommand,
  },
  dlq: {
    summary: 'list, show or replay dead letters: inputs and alerts that were not taken',
    load: async () => (await import('./commands/dlq.ts')).dlqCommand,
  },
  case: {
    summary: 'fraud cases: list, show, take, snooze and close them; suppress hits; what each rule is worth',
    load: async () => (await import('./fraud/commands/case.ts')).caseCommand,
  },
  backtest: {
    summary: 'alerts that other rules would have raised in the past, beside those that were',
    load: async () => (await import('./fraud/commands/backtest.ts')).backtestCommand,
  },
  churn: {
    summary: 'customers who will make no transaction in the next days',
    load: async () => (await import('./fraud/commands/churn.ts')).churnCommand,
  },
  journal: {
    summary: 'inspect, verify, repair, print or prune the journal of a data directory',
    load: async () => (await import('./commands/journal.ts')).journalCommand,
  },
  backup: {
    summary: 'copy a data directory as of one moment, of a running service too',
    load: async () => (await import('./commands/backup.ts')).backupCommand,
  },
  restore: {
    summary: 'make a new data directory of a backup',
    load: async () => (await import('./commands/restore.ts')).restoreCommand,
  },
  drill: {
    summary: 'restore a backup into a folder that is removed again, and compare',
    load: async () => (await import('./commands/drill.ts')).drillCommand,
  },
  forget: {
    summary: 'remove what is of a key, such as a person, from the journal and all stores',
    load: async () => (await import('./commands/forget.ts')).forgetCommand,
  },
  config: {
    summary: 'check a configuration, print it with every default, or print its JSON schema',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  schema: {
    summary: 'read a file, and write the schema and the stream that it would be',
    load: async () => (await import('./commands/schema.ts')).schemaCommand,
  },
  doctor: {
    summary: 'check that this machine and configuration can run the service',
    load: async () => {
      const { doctorCommand } = await import('./commands/doctor.ts');
      return doctorCommand([(await import('./fraud/commands/models-check.ts')).modelsCheck]);
    },
  },
  bench: {
    summary: 'say how to run the benchmarks',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
};
