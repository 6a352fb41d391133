/** One broker for all tests of the suite, by scripts/kafka; it is stopped when they have ended. */
import { kafkaScript } from './script.ts';

export default function setup(): () => void {
  const script = kafkaScript('one', 19_392);
  script('stop');
  script('start');
  return () => void script('stop');
}
