/**
 * The headers of a dead letter in a topic. Names: org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter.
 */

/** What those of Kafka Connect begin with. */
export const CONNECT = '__connect.errors.';
/** Ours: how long an original is that was cut. */
export const CUT = 'millrace.original-bytes';
