/** What a token of the pipeline file is to the port. */
import type { Role } from './route.ts';

/** A token, and the role of whoever has it. */
export interface Credential {
  readonly token: string;
  readonly role: Role;
  /** Whose it is, for the log of commands. */
  readonly name?: string;
  /** Epoch ms from which on it is good for nothing; absent for never. */
  readonly expiresAtMs?: number | null;
}
