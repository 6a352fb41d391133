/** The error for a call of an operator's code that did not return. The call's batch is tried again without the call. */
import type { CallCutOff } from '../messages/streams.ts';

export class StuckCallError extends Error {
  readonly call: CallCutOff;

  constructor(message: string, call: CallCutOff, options?: ErrorOptions) {
    super(message, options);
    this.call = call;
  }
}
