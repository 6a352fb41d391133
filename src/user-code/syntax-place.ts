/** Where a module does not parse. Node says it of a file that it is to check, and of one that it imports it does not. */
import { spawnSync } from 'node:child_process';

const CHECK_MS = 10_000;

/** The first of these files that does not parse, as `FILE:LINE:COLUMN`; null when Node takes all of them. */
export function syntaxPlace(files: Iterable<string>): string | null {
  for (const file of files) {
    const words = ['--check', file];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: CHECK_MS });
    if (status === 0 || status === null) continue;
    const at = stderr.indexOf(`${file}:`);
    const [place = '', , carets = ''] = at < 0 ? [] : stderr.slice(at).split('\n');
    if (!/:\d+$/.test(place)) continue;
    return carets.includes('^') ? `${place}:${carets.indexOf('^') + 1}` : place;
  }
  return null;
}
