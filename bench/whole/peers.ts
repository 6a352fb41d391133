/**
 * What others did on the same file of 5 M events and a machine of the same kind, as issue 14 has it. `npm run bench` does not
 * run them: the rows stand beside ours so that nobody has to look for them.
 */
export interface Peer {
  readonly name: string;
  /** M events/s per core, as it was reported. */
  readonly perCore: string;
  /** What it did not do, or what it was given. */
  readonly note: string;
}

export const PEERS: Readonly<Record<'windows' | 'windows and sessions', readonly Peer[]>> = {
  windows: [
    { name: 'Hazelcast Jet 5.7', perCore: '4.5–6.1', note: 'warm, no snapshots' },
    { name: 'Feldera dbsp', perCore: '1.7', note: 'steps of 10,000' },
    { name: 'Feldera dbsp', perCore: '6.0', note: 'steps of 100,000' },
  ],
  'windows and sessions': [
    { name: 'Hazelcast Jet 5.7', perCore: '1.3', note: 'warm, no snapshots' },
    { name: 'Flink 2.2', perCore: '0.32', note: 'warm, heap state' },
  ],
};
