/** The summary of a run, in words. */
import { isComplete, type RunSummary } from '../run/run.ts';

/** Of these reasons the most frequent are shown; `--json` has all. */
const REASONS_SHOWN = 5;

const number = (value: number): string => Math.round(value).toLocaleString('en');
const column = (value: number): string => number(value).padStart(13);
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;

/** For machines: what is counted stands beside the rest. */
export function summaryJson({ counted, ...rest }: RunSummary): string {
  return JSON.stringify({ ...rest, ...counted });
}

export function summaryText(summary: RunSummary): string {
  const parts = `${summary.already > 0 ? 'already in the journal + ' : ''}committed + dead letters`;
  return [
    `in            ${column(summary.in)}   (${number(summary.already)} of them were in the journal already)`,
    `committed     ${column(summary.committed)}`,
    ...(summary.tombstones > 0 ? [`tombstones    ${column(summary.tombstones)}`] : []),
    `dead letters  ${column(summary.deadLetters)}`,
    ...reasonLines(summary),
    ...failureLines(summary),
    `late          ${column(summary.late)}${summary.late > 0 ? `   (they lost ${number(summary.lateWindows)} windows)` : ''}`,
    `windows       ${column(summary.windows)}`,
    ...Object.entries(summary.counted).map(([name, events]) => `${name.padEnd(13)} ${column(events)}`),
    `time          ${summary.seconds.toFixed(1).padStart(13)} s, ${number(summary.eventsPerSecond)} events/s`,
    `peak memory   ${column(summary.peakRssMb)} MiB, event-loop delay p99 ${summary.eventLoopDelayP99Ms.toFixed(1)} ms`,
    `in ${isComplete(summary) ? '=' : '≠'} ${parts}\n`,
  ].join('\n');
}

/** What to say of streams of whose records more than a share became dead letters. */
export function shareWarnings({ deadLetterShares, deadLetterReasons }: RunSummary, above: number): string[] {
  return Object.entries(deadLetterShares).flatMap(([stream, share]) => {
    if (share <= above) return [];
    const details = deadLetterReasons.filter((each) => each.stream === stream).map(({ first }) => first.detail);
    const [word] = details.flatMap((detail) => NO_VALUE.exec(detail)?.[1] ?? []);
    const hint =
      word === undefined
        ? ''
        : `; if "${word}" stands for no value, say so: streams.${stream}.format.csv.nulls: ["${word}", ""]`;
    return [
      `millrace: ${percent(share)} of what ${stream} read became dead letters, more than ${percent(above)}${hint}\n`,
    ];
  });
}

/** Words for no value, as a detail quotes them. */
const NO_VALUE = /found "(NA|N\/A|n\/a|na|null|NULL|nil|None|-|--|\?|\\\\N)"$/;

function reasonLines({ deadLetterReasons }: RunSummary): string[] {
  const lines = deadLetterReasons.slice(0, REASONS_SHOWN).map(({ stream, reason, count, first }) => {
    const { source, position, detail } = first;
    const place = source.startsWith('file:') ? `${source.slice('file:'.length)}:${position}` : `${source} ${position}`;
    return `  ${reason.padEnd(12)}${column(count)}   ${stream}, first ${place}: ${detail}`;
  });
  const others = deadLetterReasons.length - lines.length;
  return others > 0 ? [...lines, `  and ${others} other reasons: --json has them`] : lines;
}

function failureLines({ failures }: RunSummary): string[] {
  return Object.entries(failures).flatMap(([stream, own]) =>
    Object.entries(own).map(([expectation, events]) => `failed        ${column(events)}   ${stream}: ${expectation}`),
  );
}
