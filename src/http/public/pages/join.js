/** One join: its newest results, or those of a key and a time. */
export const joinPage = {
  address: '/joins/:join',
  title: 'Join',
  titleOf: ({ join }) => join,
  under: '/windows',
  underTitle: 'Windows and joins',
};
