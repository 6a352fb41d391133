/**
 * What the derivers of a partition do with a batch, as plain loops. Event by event, so that what happens, and when, does
 * not depend on how the input was cut into batches.
 */
import type { FraudDetector } from '../fraud/detector.ts';
import type { Selection } from '../streams/selection.ts';
import type { WindowOperator } from '../streams/window-kind.ts';
import type { Derived, EventsStep, Work } from './work.ts';

/** Throws when nothing takes the window's results. */
export function aggregate(operator: WindowOperator, work: Work): void {
  const { late } = work.derived;
  const results = work.derived.windows.get(operator.spec.name);
  if (results === undefined) throw new Error(`Nothing takes the results of the window ${operator.spec.name}`);
  for (const step of work.steps) {
    if (step.kind === 'flush') {
      operator.flush(results);
      continue;
    }
    if (step.kind !== 'events') {
      operator.advance(step.watermarkMs, results);
      continue;
    }
    const { columns, timesMs, watermarksMs } = step;
    let watermarkMs = step.watermarkBeforeMs;
    const seen = operator.begin(columns, timesMs, watermarkMs);
    for (let i = 0; i < columns.count; i++) {
      const occurredAt = timesMs[i]!;
      const arrival = operator.add(i, occurredAt, results);
      if (arrival !== null) {
        const key = arrival.key === null ? null : String(arrival.key);
        const { latenessMs, windows } = arrival;
        const event = JSON.stringify(seen.event(i));
        late.push({ window: operator.spec.name, key, occurredAt, latenessMs, windows, event });
      }
      const afterMs = watermarksMs[i]!;
      if (afterMs !== watermarkMs) {
        watermarkMs = afterMs;
        operator.advance(watermarkMs, results);
      }
    }
  }
}

/** Throws when nothing takes the derived stream's events. */
export function select(selection: Selection, { steps, derived }: Work): void {
  const events = derived.selected.get(selection.spec.name);
  if (events === undefined) throw new Error(`Nothing takes the events of ${selection.spec.name}`);
  for (const step of steps) {
    if (step.kind !== 'events') continue;
    const { columns, timesMs } = step;
    selection.begin(columns, timesMs, events);
    for (let i = 0; i < columns.count; i++) selection.add(i, events);
  }
}

/** Throws when the events are not transactions. */
export function detect(detector: FraudDetector, { steps, derived }: Work): void {
  for (const step of steps) {
    if (step.kind === 'events') detectEvents(detector, step, derived);
    else if (step.kind === 'flush') detector.flush(derived);
    else detector.advance(step.watermarkMs, derived);
  }
}

function detectEvents(detector: FraudDetector, step: EventsStep, derived: Derived): void {
  const { columns, watermarksMs } = step;
  detector.begin(columns);
  let watermarkMs = step.watermarkBeforeMs;
  for (let i = 0; i < columns.count; i++) {
    detector.add(i, watermarkMs, derived);
    const afterMs = watermarksMs[i]!;
    if (afterMs !== watermarkMs) {
      watermarkMs = afterMs;
      detector.advance(watermarkMs, derived);
    }
  }
}
