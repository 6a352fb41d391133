/** A fetch by declaration as a step: each attempt asks anew, and what is new is published once the step is done. */
import type { TemplateValue } from '../../jobs/template.ts';
import type { Step, StepContext } from '../../steps/step.ts';
import type { FetchHost } from '../fetch-adapter.ts';
import type { Plan } from './declaration.ts';
import { openDeclared } from './run.ts';

/** `given`: values that texts of the declaration may name beside those of the run. */
export function declaredStep(
  plan: Plan,
  host: FetchHost,
  given: (name: string) => TemplateValue | undefined = () => undefined,
): Step {
  const run = openDeclared(plan, host.into, {
    ...host,
    times: host.into.times,
    async sleep(ms, signal) {
      await host.sleep(ms, signal);
      signal.throwIfAborted();
    },
  });
  return {
    recover: () => run.recover(),
    async attempt(context, signal) {
      const outcome = await run.attempt((name) => given(name) ?? namedValue(context, name), signal);
      if (outcome.kind !== 'fetched') return outcome;
      const { records, requests, deliver } = outcome;
      context.log('info', `${requests} requests, ${records} new rows`, { requests, records });
      return { kind: 'done', records, output: { records, requests }, publish: deliver };
    },
  };
}

function namedValue({ interval, params, item }: StepContext, name: string): TemplateValue | undefined {
  if (name === 'interval.start') return { instantMs: interval.start };
  if (name === 'interval.end') return { instantMs: interval.end };
  const value = name === 'item' ? item?.value : params[name.replace(/^params\./, '')];
  return isValue(value) ? value : value === undefined ? undefined : JSON.stringify(value);
}

function isValue(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
