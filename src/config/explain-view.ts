/** What a view comes to, in words: the operators as a file has them, where their events come together, and what is kept. */
import { formatDuration } from '../keys/units.ts';
import type { Config } from './config.ts';
import { type KnownExchanges, NO_EXCHANGES } from './declared-operator.ts';
import { relationsOf } from './relations.ts';
import type { JoinConfig } from './sections/declared-join.ts';
import { derivedSection } from './sections/derived.ts';
import { joinsSection } from './sections/joins.ts';
import type { ViewConfig } from './sections/views.ts';
import { type WindowConfig, windowsSection } from './sections/windows.ts';
import { windowPlace } from './window-place.ts';

export interface ExplainedView {
  readonly view: string;
  /** The sections of a pipeline file that say the same. */
  readonly file: Readonly<Record<string, unknown>>;
  readonly steps: readonly ExplainedStep[];
}

export interface ExplainedStep {
  readonly operator: string;
  readonly kind: 'window' | 'join' | 'derived stream';
  readonly of: readonly string[];
  /** The logs of its partitions, and how many there are. */
  readonly logs: string;
  readonly partitions: number;
  /** How its events come there. */
  readonly exchange: string;
  /** What state it keeps of its events, and for how long. */
  readonly state: string;
}

export function explainView(config: Config, view: ViewConfig, known: KnownExchanges = NO_EXCHANGES): ExplainedView {
  const relations = relationsOf(config, known);
  const { windows, joins, derived } = view;
  const own = { ...config, windows, joins, derived };
  const sections = [
    ...(windows.length === 0 ? [] : [['windows', windowsSection.print(own)] as const]),
    ...(joins.length === 0 ? [] : [['joins', joinsSection.print(own)] as const]),
    ...(derived.length === 0 ? [] : [['derived', derivedSection.print(own)] as const]),
  ];
  return {
    view: view.name,
    file: Object.fromEntries(sections),
    steps: [
      ...windows.map((window): ExplainedStep => {
        const { log, partitions, isExchange, isWhole, sumsUp } = windowPlace(
          window,
          relations.named(window.stream),
          known,
        );
        const exchange = !isExchange
          ? 'none: its groups lie within the partitions of its stream'
          : isWhole
            ? `${sumsUp ? 'sums of ' : ''}all events into one partition`
            : 'by hash of its key, a copy of each event';
        return {
          operator: window.name,
          kind: 'window',
          of: [window.stream],
          logs: log,
          partitions,
          exchange,
          state: windowState(window),
        };
      }),
      ...joins.map((join): ExplainedStep => {
        const { partitions } = relations.named(join.name);
        const exchange = 'both sides by hash of what they have in common, a copy of each event';
        return {
          operator: join.name,
          kind: 'join',
          of: [join.left, join.right],
          logs: join.name,
          partitions,
          exchange,
          state: joinState(join),
        };
      }),
      ...derived.map(({ name, stream }): ExplainedStep => {
        const { partitions } = relations.named(name);
        const logs = relations.named(stream).log ?? stream;
        return {
          operator: name,
          kind: 'derived stream',
          of: [stream],
          logs,
          partitions,
          exchange: 'none',
          state: 'none',
        };
      }),
    ],
  };
}

function windowState({ window, allowedLatenessMs }: WindowConfig): string {
  const late = allowedLatenessMs === 0 ? '' : `, and ${formatDuration(allowedLatenessMs)} longer for late events`;
  switch (window.kind) {
    case 'tumbling':
    case 'hopping':
      return `a row a group until the watermark is ${formatDuration(window.sizeMs)} past the window's start${late}`;
    case 'session':
      return `a row a session until the watermark is ${formatDuration(window.gapMs)} past its last event${late}`;
    case 'table':
      return 'the newest row of each key, and the times of those that are gone, for ever';
    default:
      return `a row a group${late}`;
  }
}

function joinState({ spec }: JoinConfig): string {
  const grace = spec.graceMs === 0 ? '' : `, and ${formatDuration(spec.graceMs)} longer`;
  switch (spec.kind) {
    case 'table':
      return `the newest row of each key, and those that it replaced for ${formatDuration(spec.historyMs)}${grace}`;
    case 'interval': {
      const { withinMs } = spec;
      const [before, after] = typeof withinMs === 'number' ? [withinMs, withinMs] : [withinMs.before, withinMs.after];
      return `left events for ${formatDuration(after)} and right ones for ${formatDuration(before)} of event time${grace}`;
    }
    default:
      return `events of both sides until their window is over${grace}`;
  }
}
