/** The stream that a step brings events into: it must be declared, and must take events of jobs. */
import { type Report, unknownName } from '../keys/names.ts';
import type { StepPlace, StepStream } from './adapter.ts';

/** Null when the step can't bring events there, which is reported. */
export function intoStream(into: string, { job, streams }: StepPlace, report: Report): StepStream | null {
  const stream = streams.find(({ name }) => name === into);
  if (stream === undefined) {
    const known = streams.map(({ name }) => name);
    report(['into'], unknownName('stream', into, known));
    return null;
  }
  const refused = stream.refuses(job);
  if (refused !== null) report(['into'], `${into} ${refused}`);
  return stream;
}
