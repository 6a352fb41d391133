/** Commands about models on the local channel. */
import { randomUUID } from 'node:crypto';
import { channelCommand, RequestError } from '../../channel/channel-commands.ts';
import type { ModelRound } from '../model-schemas.ts';
import { modelRoundType } from '../types.ts';
import { wordsProblem } from './actions.ts';
import { createModelDesk } from './model-desk.ts';
import { modelActionOf, thresholdOf } from './model-words.ts';

export const modelActCommand = channelCommand({
  name: 'model act',
  schema: {
    ...{ action: 'text', id: 'text', threshold: 'text', reason: 'text', measured: 'text' },
    ...{ by: 'text', note: 'text', key: 'text' },
  },
  async *rows({ running }, { action = '', id = '', by = '', note = '', key, ...request }, context) {
    const known = modelActionOf(action);
    if (known === undefined) throw new RequestError(`there is no action ${action} of models`);
    const wrong = wordsProblem(by, note);
    if (wrong !== null) throw new RequestError(wrong);
    const threshold = thresholdOf(request.threshold === undefined ? undefined : Number(request.threshold));
    if (threshold !== null && typeof threshold !== 'number') throw new RequestError(threshold.wrong);
    if (running === null) throw new RequestError('nothing runs on this data: this needs --config FILE');
    const { reason = null, measured = '' } = request;
    const ask = { commandId: key ?? randomUUID(), action: known, model: id, by, note, threshold, reason, measured };
    const answer = await createModelDesk(running).act(ask, context.signal);
    switch (answer.kind) {
      case 'reused':
        throw new RequestError(`the key ${key} was that of another command`);
      case 'impossible':
        throw new RequestError(answer.why);
      default:
        yield [answer.change];
    }
  },
});

/** What came of a round of training, which the one who asked has done. */
export const modelRoundCommand = channelCommand({
  name: 'model round',
  schema: { round: 'text' },
  async *rows({ running }, { round = '' }, context) {
    if (running === null) throw new RequestError('nothing runs on this data: this needs --config FILE');
    await createModelDesk(running).record(roundOf(round), context.signal);
    yield [];
  },
});

function roundOf(text: string): ModelRound {
  try {
    const block = modelRoundType.encodeBlock([JSON.parse(text)]);
    const [round] = modelRoundType.decodeBlock(block.bytes);
    if (round !== undefined) return round;
  } catch {
    // What is wrong with it is of no use to a person: a command of this program has written it.
  }
  throw new RequestError('the request has no round of training');
}
