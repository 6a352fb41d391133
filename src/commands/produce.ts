/** `millrace produce`: lines of a file into the topic that a stream is read from. */
import { createReadStream, existsSync } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Config } from '../config/config.ts';
import { checkTopic } from '../kafka/topic-there.ts';
import { nearestWord } from '../nearest-word.ts';
import { NoEvent, produce } from '../topics/produce.ts';
import { clusterError, clusterOf, configError } from './cluster.ts';
import {
  CONFIG_OPTION,
  type Command,
  configOf,
  JSON_OPTION,
  noWords,
  type OptionValues,
  print,
  text,
} from './command.ts';
import { DependencyError, EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';

export const produceCommand: Command = {
  name: 'produce',
  summary: 'send the lines of a file, JSON events of a stream, to the topic that the stream is read from',
  usage: 'produce --stream STREAM --input FILE [--rate N] [--topic TOPIC] [--config FILE] [--json]',
  options: {
    stream: {
      type: 'string',
      value: 'STREAM',
      help: 'a stream with `source: { kafka: … }`; its settings say how it is written',
    },
    input: { type: 'string', value: 'FILE', help: 'a JSON event a line, also .gz; - is standard input' },
    rate: { type: 'string', value: 'N', help: 'records a second; else as fast as the broker takes them' },
    topic: { type: 'string', value: 'TOPIC', help: 'another topic than the first one of the source' },
    ...CONFIG_OPTION,
    ...JSON_OPTION,
  },
  async run(values, words) {
    noWords('produce', words);
    const rate = rateOf(values);
    const lines = linesOf(values);
    const config = await configOf(values);
    const stream = streamOf(config, values);
    const { source } = stream;
    if (source.kind !== 'kafka') {
      throw new UsageError(`${stream.name} is not read from Kafka: its source is ${source.kind}`);
    }
    const cluster = clusterOf(config, values);
    const topic = text(values, 'topic') ?? source.topics?.[0];
    if (topic === undefined)
      throw new UsageError(`${stream.name} is read from all topics of a pattern; name one: --topic TOPIC`);
    const trouble = await checkTopic(topic, cluster);
    if (trouble?.kind === 'down') throw new DependencyError(trouble.message);
    if (trouble !== null) throw configError(values, `streams.${stream.name}.source.kafka`, trouble.message);
    const progress = progressLine('producing', null, { unit: 'records', quiet: values.json === true });
    const beganMs = performance.now();
    let sent = 0;
    try {
      await produce({
        ...{ connection: cluster, topic, target: { ...stream, source }, lines, rate },
        nowMs: Date.now,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms))),
        log: (line) => process.stderr.write(`millrace: ${line}\n`),
        sent(records) {
          sent = records;
          progress.update(records);
        },
      });
    } catch (error) {
      if (!(error instanceof NoEvent)) throw clusterError(error, cluster, values);
      progress.end();
      const before =
        sent === 0 ? 'nothing was sent' : `the ${sent.toLocaleString('en')} records before it are in ${topic}`;
      process.stderr.write(
        `millrace: ${text(values, 'input')}:${error.line}: is no event of ${stream.name}: ${error.message}; ${before}\n`,
      );
      return EXIT.failed;
    }
    progress.end();
    const seconds = (performance.now() - beganMs) / 1000;
    if (values.json === true) await print(JSON.stringify({ stream: stream.name, topic, records: sent, seconds }));
    else
      await print(`${sent.toLocaleString('en')} records of ${stream.name} are in ${topic}, in ${seconds.toFixed(1)} s`);
    return EXIT.ok;
  },
};

function streamOf({ streams }: Config, values: OptionValues): Config['streams'][number] {
  const name = text(values, 'stream');
  const known = streams.map((stream) => stream.name);
  if (name === undefined) throw new UsageError(`name a stream: --stream ${known[0] ?? 'STREAM'}`);
  const stream = streams.find((each) => each.name === name);
  if (stream !== undefined) return stream;
  const nearest = nearestWord(name, known);
  const hint = nearest === undefined ? `there are ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  throw new UsageError(`there is no stream ${JSON.stringify(name)}; ${hint}`);
}

function rateOf(values: OptionValues): number | null {
  const written = text(values, 'rate');
  if (written === undefined) return null;
  const rate = Number(written);
  if (!Number.isFinite(rate) || rate <= 0)
    throw new UsageError(`--rate is a number of records a second, not ${written}`);
  return rate;
}

function linesOf(values: OptionValues): AsyncIterable<string> {
  const file = text(values, 'input');
  if (file === undefined) throw new UsageError('say what to send: --input FILE, or --input - for standard input');
  if (file !== '-' && !existsSync(file)) throw new UsageError(`there is no file ${file}`);
  const bytes = file === '-' ? process.stdin : createReadStream(file);
  // An error of the file ends what unpacks it, which throws it.
  return linesIn(file.endsWith('.gz') ? pipeline(bytes, createGunzip(), () => {}) : bytes);
}

async function* linesIn(bytes: Readable): AsyncGenerator<string> {
  bytes.setEncoding('utf8');
  let rest = '';
  for await (const chunk of bytes) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
