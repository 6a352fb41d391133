/**
 * Kafka Streams on the same topic as the service: windows of count, sum and max, sessions, exactly_once_v2, stores in RocksDB.
 * It needs a JDK 17, Maven and kcat. The program is kafka-streams/StreamsPeer.java.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StreamsRun {
  /** Records, and the CPU seconds that they took, once the first fifth was over: a JVM has warmed up then. */
  readonly records: number;
  readonly seconds: number;
}

export interface ResultTopics {
  readonly windows: string;
  readonly sessions: string;
}

const HERE = new URL('./kafka-streams/', import.meta.url).pathname;
const WARM_SHARE = 0.2;
const TICKS_A_SECOND = 100;

/** Reads `records` of the topic, the last of which close all windows. */
export async function runStreams(
  brokers: string,
  topic: string,
  records: number,
  { windows, sessions }: ResultTopics,
): Promise<StreamsRun> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-streams-'));
  const [libraries, classes] = [join(directory, 'lib'), join(directory, 'classes')];
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libraries}`];
  execFileSync('mvn', ['-q', '-B', '-f', join(HERE, 'pom.xml'), ...copy], { stdio: ['ignore', 'inherit', 'inherit'] });
  execFileSync('javac', ['-cp', join(libraries, '*'), '-d', classes, join(HERE, 'StreamsPeer.java')]);
  const words = [brokers, topic, windows, sessions, `streams-${topic}`, '2', join(directory, 'state')];
  const child = spawn('java', ['-Xmx1g', '-cp', `${classes}:${join(libraries, '*')}`, 'StreamsPeer', ...words]);
  child.stderr.pipe(process.stderr);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = ended.then(() => Promise.reject(new Error('Kafka Streams ended before it had read everything')));
  failed.catch(() => {});
  try {
    const warm = await reached(child, records * WARM_SHARE, failed);
    const whole = await reached(child, records, failed);
    return { records: whole.records - warm.records, seconds: whole.seconds - warm.seconds };
  } finally {
    // It commits what it has, and ends.
    child.stdin.end();
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Asks it twice a second how far it is. */
async function reached(
  child: ChildProcessWithoutNullStreams,
  records: number,
  failed: Promise<never>,
): Promise<{ readonly records: number; readonly seconds: number }> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const answer = new Promise<string>((resolve) => child.stdout.once('data', (bytes) => resolve(String(bytes))));
    child.stdin.write('\n');
    const taken = Number(/records (\d+)/.exec(await Promise.race([answer, failed]))?.[1]);
    if (taken >= records) return { records: taken, seconds: cpuSeconds(child.pid) };
  }
}

/** User and system time of a process with its threads, from Linux. */
export function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** What a consumer of committed records sees in a topic, as `key<tab>value`. */
export function committed(brokers: string, topic: string): string[] {
  const words = [
    '-C',
    '-b',
    brokers,
    '-t',
    topic,
    '-e',
    '-q',
    '-f',
    '%k\t%s\n',
    '-X',
    'isolation.level=read_committed',
  ];
  const text = execFileSync('kcat', words, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return text.split('\n').filter((line) => line !== '');
}
