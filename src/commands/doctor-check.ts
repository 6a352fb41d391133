/** What a domain has `doctor` look at in a data directory. */
export interface DoctorCheck {
  readonly name: string;
  /** The finding; null where the data has nothing of the kind. Throws in words for people, with what to do. */
  run(dataDir: string): string | null;
}
