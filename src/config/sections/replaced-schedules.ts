/** `schedules:` of earlier versions, as the `jobs:` to write instead. */
import { isMap } from '../../messages/json-map.ts';

/** The text that takes the place of the section, made of the file that has the section. */
export function jobsOfSchedules(file: unknown): string {
  const schedules = isMap(file) && isMap(file.schedules) ? file.schedules : {};
  const jobs = Object.entries(schedules).flatMap(([name, written]) => (isMap(written) ? jobText(name, written) : []));
  return ['is no longer a key; write at the top of the file instead:', 'jobs:', ...jobs].join('\n');
}

function jobText(name: string, written: Readonly<Record<string, unknown>>): string[] {
  const { cron, timezone, every, catchup, retries, retryDelay, timeout, into, fetch } = written;
  const schedule = every === undefined ? { cron, ...(timezone === undefined ? {} : { timezone }) } : { every };
  const tries = {
    ...(retries === undefined ? {} : { max: retries }),
    ...(retryDelay === undefined ? {} : { delay: retryDelay }),
  };
  return [
    `  ${name}:`,
    `    schedule: ${flow(schedule)}`,
    ...(catchup === true ? ['    catchup: all', '    overlap: queue'] : []),
    ...(Object.keys(tries).length === 0 ? [] : [`    retries: ${flow(tries)}`]),
    '    steps:',
    '      load:',
    ...(timeout === undefined ? ['        timeout: 30s'] : [`        timeout: ${String(timeout)}`]),
    `        into: ${String(into)}`,
    `        fetch: ${flow(fetch)}`,
  ];
}

/** The value in YAML's flow style, which is JSON except that keys need no quotes. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${flow(each)}`);
  return `{ ${entries.join(', ')} }`;
}
