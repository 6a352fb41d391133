/** scripts/postgres with a directory and a port of its own. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/postgres', import.meta.url));

type PostgresScript = (word: 'start' | 'url' | 'kill' | 'stop') => string;

/** Throws with what the script said when it fails. */
function postgresScript(name: string, port: number): PostgresScript {
  const directory = join(tmpdir(), `millrace-postgres-test-${name}`);
  const env = { ...process.env, POSTGRES_DIR: directory, POSTGRES_PORT: String(port) };
  return (word) => {
    // A server keeps the pipe of its starter open.
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const { status, stdout } = spawnSync(SCRIPT, [word], { env, encoding: 'utf8', stdio: [...stdio] });
    if (status !== 0) throw new Error(`scripts/postgres ${word} ended with ${status}: ${stdout}`);
    return stdout.trim();
  };
}

export const onePostgres = postgresScript('one', 19_432);
