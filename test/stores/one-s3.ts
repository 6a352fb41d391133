/** One S3 server for all tests of the suite, by scripts/s3; it is stopped when they have ended. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/s3', import.meta.url));
const PORT = 19_070;

/** What a client of it finds in its environment. */
export const S3_ENV = {
  AWS_ACCESS_KEY_ID: 'millrace',
  AWS_SECRET_ACCESS_KEY: 'millrace-secret',
  AWS_REGION: 'us-east-1',
  AWS_ENDPOINT_URL: `http://127.0.0.1:${PORT}`,
} as const;

/** Throws with what the script said when it fails. */
function oneS3(word: 'start' | 'kill' | 'stop'): void {
  const env = { ...process.env, S3_DIR: join(tmpdir(), 'millrace-s3-test'), S3_PORT: String(PORT) };
  const { status, stdout } = spawnSync(SCRIPT, [word], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`scripts/s3 ${word} ended with ${status}: ${stdout}`);
}

export default function setup(): () => void {
  oneS3('stop');
  oneS3('start');
  return () => oneS3('stop');
}
