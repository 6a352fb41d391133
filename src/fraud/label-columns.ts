/** Tables of transactions may say which were fraud, as the Fraud Detection Handbook's do: `fraud` and `scenario`. */
import { companion } from '../messages/companion.ts';
import { transactionSchema } from './schemas.ts';
import { fraudLabelType } from './types.ts';

const LABEL_DELAY_MS = 7 * 86_400_000;

export const labelColumns = companion(
  {
    of: transactionSchema.name,
    stream: { name: 'fraud.labels', key: 'customerId', eventTime: 'knownAt' },
    columns: {
      type: 'record',
      name: 'LabelColumns',
      fields: [
        { name: 'fraud', type: 'boolean', default: false },
        { name: 'scenario', type: 'int', default: 0 },
      ],
    },
  },
  fraudLabelType,
  (event, { fraud, scenario }) =>
    fraud === true
      ? {
          transactionId: Number(event.transactionId),
          customerId: Number(event.customerId),
          fraud,
          scenario: Number(scenario),
          knownAt: Number(event.occurredAt) + LABEL_DELAY_MS,
          origin: 'handbook',
          terminalId: Number(event.terminalId),
          occurredAt: Number(event.occurredAt),
        }
      : null,
);
