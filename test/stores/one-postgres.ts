/** One PostgreSQL for all tests of the suite, by scripts/postgres; it is stopped when they have ended. */
import { onePostgres } from './postgres-script.ts';

export default function setup(): () => void {
  onePostgres('stop');
  onePostgres('start');
  return () => void onePostgres('stop');
}
