/** The name of a topic of Kafka, as its brokers take it. */
import { z } from 'zod';

export const topicName = z
  .string()
  .regex(/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/, 'a topic has letters, digits, dot, dash and underscore, at most 249');
