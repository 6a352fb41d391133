/** scripts/kafka with a directory and ports of its own. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../scripts/kafka', import.meta.url));

export interface KafkaScript {
  (...words: string[]): string;
  /** With something to read. */
  typed(input: string, ...words: string[]): string;
}

/** Throws with what the script said when it fails. */
export function kafkaScript(name: string, port: number): KafkaScript {
  const env = { ...process.env, KAFKA_DIR: join(tmpdir(), `millrace-kafka-test-${name}`), KAFKA_PORT: String(port) };
  const typed = (input: string, ...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync(SCRIPT, words, { env, input, encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(`scripts/kafka ${words.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  return Object.assign((...words: string[]) => typed('', ...words), { typed });
}

export const ONE = { brokers: '127.0.0.1:19392', sasl: '127.0.0.1:19393', tls: '127.0.0.1:19394' };
export const CA = join(tmpdir(), 'millrace-kafka-test-one', 'ca.pem');
export const SECRET = 'millrace-secret';
