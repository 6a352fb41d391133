/** The operators that compute in the partitions: a window, a join, a derived stream, rules, code of users. */
export interface OperatorStatus {
  readonly id: string;
  readonly operator: string;
  readonly kind: string;
  /** Streams that it takes, of the pipeline or of operators before it. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly eventsInPerSecond: number;
  readonly eventsOutPerSecond: number;
  /** Since this process started. */
  readonly eventsOut: number;
  readonly keys: number;
  /** Estimated; null where nobody knows. */
  readonly bytes: number | null;
  /** Seconds at work in each second, over its partitions together: 1 is a whole core. */
  readonly busyShare: number;
  readonly partitions: readonly { readonly log: string; readonly keys: number; readonly busyShare: number }[];
}
