/**
 * Takes files into a stream beside its own source. They are read, checked and committed as a source of files does it. The
 * journal knows a file by its content, so a file that is given again goes on behind the part that the journal has.
 */
import { filesInput } from '../service/file-input.ts';
import { refusedOf } from '../service/refusal-counts.ts';
import { runSettled } from '../sources/file/one-after-another.ts';
import { channelCommand, RequestError } from './channel-commands.ts';

const PATIENCE_MS = 60_000;

export const importCommand = channelCommand({
  name: 'import',
  schema: { stream: 'text', files: 'texts' },
  async *rows(target, { stream: name = '', files = [] }, context) {
    const { running } = target;
    if (running === null) throw new RequestError('to import takes a service: start it, or name the pipeline file');
    const stream = running.pipeline.streams.get(name);
    if (stream === undefined || stream.config === null) {
      const known = running.config.streams.map((each) => each.name).join(', ');
      throw new RequestError(`there is no stream ${name} that takes files; known: ${known}`);
    }
    const { kind } = stream.config.source;
    if (kind === 'kafka')
      throw new RequestError(
        `the partitions of ${name} are given by Kafka, to this service or to others: send it to the topic`,
      );
    const source = filesInput(stream, files);
    const refusals = (): number => refusedOf(running.observer.counts.refusals, name);
    const before = refusals();
    await runSettled(source, stream.intake, context.signal);
    context.signal.throwIfAborted();
    const { records, skipped } = source.counts();
    await target.caughtUp(PATIENCE_MS, context);
    yield [{ stream: name, records, skipped, deadLetters: refusals() - before }];
  },
});
