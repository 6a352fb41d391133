/** The operator of the documentation's first example. */
import { defineOperator } from 'millrace';

export default defineOperator({
  state: { count: 'int', firstAt: 'timestamp-millis' },
  outputs: { breaches: { card: 'long', count: 'int' } },
  options: { limit: 'int' },
  initial: () => ({ count: 0, firstAt: 0 }),
  on: {
    'payments.transactions'(event, state, ctx) {
      state.count += 1;
      if (state.count === 1) ctx.timer(event.occurredAt + 60_000);
      if (state.count > ctx.options.limit) ctx.emit('breaches', { card: ctx.key, count: state.count });
    },
  },
  onTimer(_at, _state, ctx) {
    ctx.clear();
  },
});
