/** Orders that nobody has paid in time: one record of state an order, and a timer in event time. */
import { defineOperator } from 'millrace';

export default defineOperator({
  key: 'string',
  events: { orders: { status: 'string', amountCents: 'long', at: 'timestamp-millis' } },
  options: { minutes: 'int' },
  state: { amountCents: 'long' },
  outputs: { overdue: { amountCents: 'long' } },
  on: {
    orders(event, state, ctx) {
      if (event.status === 'paid') return ctx.clear();
      state.amountCents = event.amountCents;
      ctx.timer(event.at + ctx.options.minutes * 60_000);
    },
  },
  onTimer(at, state, ctx) {
    ctx.emit('overdue', { amountCents: state.amountCents });
    ctx.clear();
  },
});
