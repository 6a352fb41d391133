/**
 * A window as an operator of the pipeline, and its results as events that others may be of: key, start, end, revision, the values of a key of several, and each
 * aggregate that is no list. Their
 * time is the last millisecond of their window, as Flink's window_time: a window holds results of windows within it.
 */
import { DERIVED_TIME, derivedSchema } from '../../messages/derived-event.ts';
import { givenBy } from '../../messages/window-result.ts';
import type { GroupKey } from '../../streams/group-key.ts';
import { selectedFields } from '../../streams/selection.ts';
import type { WindowSpec } from '../../streams/window-kind.ts';
import { resultTypeOf, windowKind } from '../../streams/window-operator.ts';
import type { DeclaredOperator } from '../declared-operator.ts';
import { type WindowPlace, windowPlace } from '../window-place.ts';
import { type Relation, readBy, viewOf } from './relation.ts';

const HEAD = ['key', 'start', 'end', 'revision'];

/** Why others can't read a window's results; null when they can. */
export function unreadableResults({
  window,
  aggregates,
  results = [],
}: Pick<WindowSpec, 'window' | 'aggregates' | 'results'>): string | null {
  if (window.kind === 'table') return 'its results take the place of each other; group its stream anew, or join it';
  if (window.kind === 'sliding' || window.kind === 'count') {
    return `results of a ${window.kind} window come in no order of time; those of tumbling, hopping and session windows do`;
  }
  const isTime = [...aggregates, ...results].some(({ name }) => name === DERIVED_TIME);
  return isTime ? `its result ${DERIVED_TIME} has the name of the time that every event has; call it otherwise` : null;
}

export function windowRelation(
  window: Pick<WindowSpec, 'name' | 'aggregates' | 'results'> & { readonly key: GroupKey },
  { log, partitions }: Pick<WindowPlace, 'log' | 'partitions'>,
): Relation {
  const { name } = window;
  const { type, aggregates, parts } = resultTypeOf({ ...window, keyField: window.key });
  const own = { name, partitions, watermark: { kind: 'scripted' }, log } as const;
  const of: Relation = { ...own, schema: type.schema, key: 'key', eventTime: 'end', timeLessMs: 1 };
  const values = aggregates.filter((field) => givenBy(field) !== 'list');
  const fields = [
    ...HEAD.map((field) => ({ name: field, expression: field })),
    ...parts.map((field) => ({ name: field.name, expression: `parts.${field.name}` })),
    ...values.map((field) => ({ name: field.name, expression: `aggregates.${field.name}` })),
  ];
  const selection = { name, where: null, fields };
  const schema = derivedSchema(name, selectedFields(selection, type.schema));
  return { ...own, schema, key: 'key', eventTime: DERIVED_TIME, view: { of, selection } };
}

interface Window extends Omit<WindowSpec, 'keyField' | 'of' | 'isRead'> {
  readonly stream: string;
  readonly key: GroupKey;
}

/** The operator of a window. All windows of one exchange take the same of it. */
export function declaredWindow(window: Window): DeclaredOperator {
  const { stream, key, ...spec } = window;
  const { name, functions } = window;
  const gives = unreadableResults(window) === null ? [name] : [];
  return {
    name,
    kind: windowKind.kind,
    reads: [{ stream, key }],
    gives,
    place([of], known) {
      const { log, partitions, isExchange, isWhole, sumsUp } = windowPlace(window, of, known);
      const brings = isWhole ? [{ relation: readBy(of), key: null }] : [{ relation: of, key, functions }];
      return { log, partitions, brings: isExchange ? brings : null, ...(sumsUp ? { sumsUp } : {}) };
    },
    relations: (_, placing) => gives.map(() => windowRelation(window, placing)),
    spec({ inputs: [relation], isRead }) {
      const of = viewOf(relation);
      return windowKind.of(name, {
        ...spec,
        keyField: key,
        ...(of === undefined ? {} : { of }),
        ...(isRead ? { isRead: true as const } : {}),
      });
    },
  };
}
