/** Models in the stream: commands as they were given, the outcome of each, and the scores of a challenger. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from '../messages/avro.ts';

const WHO = [
  { name: 'commandId', type: 'string', doc: 'Of the one who asks: the same one again is the same command.' },
  { name: 'by', type: 'string', doc: 'Who asked.' },
  { name: 'note', type: 'string', doc: 'In their words; empty for none.' },
  { name: 'requestedAt', type: TIMESTAMP_MILLIS, doc: 'By the wall clock.' },
] as const;

const ASKED = [
  {
    name: 'action',
    type: { type: 'enum', name: 'ModelAction', symbols: ['promote', 'rollback', 'challenge', 'withdraw'] },
    doc: 'promote and rollback say what the champion is from now on, challenge and withdraw what the challenger is.',
  },
  { name: 'model', type: 'string', doc: 'The id of the model; empty for none, as before the first promotion.' },
  { name: 'threshold', type: 'double', doc: 'A score of so much raises an alert. From 0 to 1.' },
  { name: 'reason', type: 'string', doc: 'For people: what the threshold was chosen by, and why the model.' },
  {
    name: 'measured',
    type: 'string',
    doc: 'How good the model was found before it was promoted, as JSON; empty for not.',
  },
] as const;

export const modelCommandSchema = {
  type: 'record',
  name: 'ModelCommand',
  namespace: NAMESPACE,
  doc: 'Which model shall score from now on. Input of every partition that scores.',
  fields: [
    ...WHO,
    ...ASKED,
    { name: 'content', type: 'string', doc: "The model's file: a replay has it from here. Empty for none." },
  ],
} as const satisfies AvroRecord;
export type ModelCommand = FromAvro<typeof modelCommandSchema>;

export const modelChangedSchema = {
  type: 'record',
  name: 'ModelChanged',
  namespace: NAMESPACE,
  doc: 'What came of a command about models in one partition.',
  fields: [
    ...WHO,
    ...ASKED,
    { name: 'outcome', type: { type: 'enum', name: 'ModelOutcome', symbols: ['done', 'refused'] } },
    { name: 'detail', type: 'string', doc: 'For people: why it was refused.' },
    { name: 'previous', type: 'string', doc: 'The model that it took the place of; empty for none.' },
    { name: 'at', type: TIMESTAMP_MILLIS, doc: 'Event time that the partition had reached.' },
  ],
} as const satisfies AvroRecord;
export type ModelChanged = FromAvro<typeof modelChangedSchema>;

/** Told to a partition that scores, and said by it: so it is in the log, and a table has it. */
export const modelRoundSchema = {
  type: 'record',
  name: 'ModelRound',
  namespace: NAMESPACE,
  doc: 'A round of training and judging, also one that promoted nothing.',
  fields: [
    { name: 'roundId', type: 'string', doc: 'Of the one who asked: the same one again is the same round.' },
    { name: 'by', type: 'string', doc: 'Who asked: a person, or a job.' },
    { name: 'ranAt', type: TIMESTAMP_MILLIS, doc: 'By the wall clock.' },
    { name: 'kind', type: 'string' },
    { name: 'model', type: 'string', doc: 'The model that was trained; empty where none could be.' },
    { name: 'champion', type: 'string', doc: 'What it was judged beside; empty for the rules alone.' },
    {
      name: 'outcome',
      type: 'string',
      doc: 'promoted, not better, not enough evidence, is the champion, failed.',
    },
    { name: 'why', type: 'string', doc: 'For people.' },
    { name: 'trainedFrom', type: TIMESTAMP_MILLIS },
    { name: 'trainedTo', type: TIMESTAMP_MILLIS, doc: 'Exclusive.' },
    { name: 'judgedFrom', type: TIMESTAMP_MILLIS },
    { name: 'judgedTo', type: TIMESTAMP_MILLIS, doc: 'Exclusive.' },
    { name: 'frauds', type: 'long', doc: 'That it was judged by.' },
    { name: 'figures', type: 'string', doc: 'Of both models, as JSON; empty for none.' },
  ],
} as const satisfies AvroRecord;
export type ModelRound = FromAvro<typeof modelRoundSchema>;

/** Told to a partition by itself. */
export const runtimeFoundSchema = {
  type: 'record',
  name: 'ModelRuntimeFound',
  namespace: NAMESPACE,
  doc: 'Whether the process that scores from here on has what models made elsewhere need. Input of the partition that found it.',
  fields: [
    { name: 'isPresent', type: 'boolean' },
    { name: 'detail', type: 'string', doc: 'For people: what is lacking, and what to do; empty for nothing.' },
  ],
} as const satisfies AvroRecord;
export type RuntimeFound = FromAvro<typeof runtimeFoundSchema>;

export const modelOutageSchema = {
  type: 'record',
  name: 'ModelOutage',
  namespace: NAMESPACE,
  doc: 'A model no longer scores in a partition, since the process lacks what the model needs; or this is over.',
  fields: [
    { name: 'model', type: 'string' },
    { name: 'role', type: { type: 'enum', name: 'OutageRole', symbols: ['champion', 'challenger'] } },
    { name: 'state', type: { type: 'enum', name: 'OutageState', symbols: ['began', 'ended'] } },
    { name: 'instead', type: 'string', doc: 'The model that scores in its place; empty for none, as the rules alone.' },
    { name: 'detail', type: 'string', doc: 'For people: what is lacking, and what to do. Empty at the end.' },
    { name: 'at', type: TIMESTAMP_MILLIS, doc: 'Event time that the partition had reached.' },
  ],
} as const satisfies AvroRecord;
export type ModelOutage = FromAvro<typeof modelOutageSchema>;

export const challengerScoredSchema = {
  type: 'record',
  name: 'ChallengerScored',
  namespace: NAMESPACE,
  doc: 'What the challenger would have said of a transaction. It raises nothing.',
  fields: [
    { name: 'transactionId', type: 'long' },
    { name: 'customerId', type: 'long' },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
    { name: 'score', type: 'double' },
    { name: 'model', type: 'string' },
    { name: 'reached', type: 'boolean', doc: 'Whether the score reached its threshold.' },
    { name: 'liveScore', type: 'double', doc: 'What stands in the score of the transaction.' },
    { name: 'liveModel', type: 'string', doc: 'And what that is of.' },
  ],
} as const satisfies AvroRecord;
export type ChallengerScored = FromAvro<typeof challengerScoredSchema>;

/** A model that scores, as a snapshot has it. */
export const servedModelSchema = {
  type: 'record',
  name: 'ServedModel',
  namespace: NAMESPACE,
  fields: [
    { name: 'isChampion', type: 'boolean' },
    { name: 'threshold', type: 'double' },
    { name: 'content', type: 'string' },
    {
      name: 'isSubstitute',
      type: 'boolean',
      doc: 'It scores where the champion can not; it is neither champion nor challenger.',
      default: false,
    },
  ],
} as const satisfies AvroRecord;
export type ServedModel = FromAvro<typeof servedModelSchema>;
