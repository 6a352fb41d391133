/** A dead letter as Kafka Connect writes one: the bytes as they came, and in headers what was wrong with them. */
import { CONNECT, CUT } from '../../kafka/connect-headers.ts';
import { topicOfSource } from '../../kafka/source-name.ts';
import { logPlace } from '../../messages/log-name.ts';
import { deadLetterType } from '../../messages/types.ts';
import { DeliveryError, type SinkEvent } from '../sink.ts';

/** Throws for an event that is no dead letter. */
export function originalOf({ form, value, stream, log }: SinkEvent) {
  const { source, position, reason, detail, raw, rawLength } = value;
  if (form.name !== deadLetterType.name || !Buffer.isBuffer(raw)) {
    throw new DeliveryError(
      { kind: 'permanent' },
      `an event of ${stream} is no dead letter: \`value: original\` is for these`,
    );
  }
  const topic = topicOfSource(String(source));
  // Partition N of each topic feeds log N.
  const partition = String(logPlace(log)?.partition);
  const isCut = Number(rawLength) > raw.length;
  return {
    value: raw,
    headers: {
      [`${CONNECT}topic`]: topic ?? String(source),
      ...(topic === null ? {} : { [`${CONNECT}partition`]: partition }),
      [`${CONNECT}offset`]: String(position),
      [`${CONNECT}connector.name`]: stream,
      [`${CONNECT}stage`]: 'VALUE_CONVERTER',
      [`${CONNECT}exception.class.name`]: String(reason),
      [`${CONNECT}exception.message`]: String(detail),
      ...(isCut ? { [CUT]: String(rawLength) } : {}),
    },
  };
}
