/**
 * What the domains that Millrace ships add to the page, each by one module below src, and when a pipeline has them.
 * Invariant: a pipeline that declares nothing of a domain gets nothing of its page.
 */
import type { Config } from '../config/config.ts';

interface PageModule {
  readonly place: string;
  isDeclared(config: Config): boolean;
}

const MODULES: readonly PageModule[] = [
  { place: 'fraud/page/page.js', isDeclared: ({ fraud }) => fraud !== null },
  {
    place: 'weather/page/page.js',
    isDeclared: ({ streams }) => streams.some(({ builtin }) => builtin === 'WeatherObservation'),
  },
];

export function pageModulesOf(config: Config): string[] {
  return MODULES.filter(({ isDeclared }) => isDeclared(config)).map(({ place }) => place);
}
