/** What the service writes about suites of expectations: each time that one was held against its table, and alerts of it. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';

/** The stream of what the service itself raises for people: sinks take it as alerts. */
export const SERVICE_ALERTS = 'millrace.alerts';

export const checkRanSchema = {
  type: 'record',
  name: 'CheckRan',
  namespace: NAMESPACE,
  doc: 'A suite of expectations was held against a table.',
  fields: [
    { name: 'suite', type: 'string' },
    { name: 'of', type: 'string', doc: 'The stream, window or table; a statement for a query.' },
    { name: 'runId', type: 'string', doc: '<suite>@<due as ISO instant>, or the run of a job that it is a step of.' },
    { name: 'due', type: TIMESTAMP_MILLIS, doc: 'The end of the time that it looks at.' },
    { name: 'ranAt', type: TIMESTAMP_MILLIS },
    { name: 'durationMs', type: 'long' },
    {
      name: 'outcome',
      type: { type: 'enum', name: 'CheckOutcome', symbols: ['passed', 'warning', 'failed'], default: 'failed' },
    },
    { name: 'evaluated', type: 'int' },
    { name: 'successful', type: 'int' },
    { name: 'results', type: 'string', doc: 'JSON: a list of title, outcome, message, observed and samples.' },
  ],
} as const satisfies AvroRecord;
export type CheckRan = FromAvro<typeof checkRanSchema>;

export const serviceAlertSchema = {
  type: 'record',
  name: 'ServiceAlert',
  namespace: NAMESPACE,
  doc: 'Something that people watch has begun to fail, or has recovered. Raised on the change alone.',
  fields: [
    { name: 'alertId', type: 'string', doc: '<about>@<at as ISO instant>/<state>.' },
    { name: 'about', type: 'string', doc: 'What it is of, such as check:readings.' },
    {
      name: 'state',
      type: { type: 'enum', name: 'ServiceAlertState', symbols: ['firing', 'resolved'], default: 'firing' },
    },
    { name: 'severity', type: 'string' },
    { name: 'summary', type: 'string', doc: 'A sentence for people.' },
    { name: 'details', type: { type: 'array', items: 'string' }, doc: 'What was found, a sentence each.' },
    { name: 'at', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type ServiceAlert = FromAvro<typeof serviceAlertSchema>;
