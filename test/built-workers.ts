/** Builds what threads and child processes of the tests run, and says where it is. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export default function setup(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['node_modules/typescript/lib/tsc.js', '-p', 'src'], { cwd: root, stdio: 'inherit' });
  process.env.MILLRACE_BUILT_WORKERS = fileURLToPath(new URL('../dist/workers', import.meta.url));
}
