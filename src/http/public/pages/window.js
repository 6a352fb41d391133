/** One window: its newest results, or those of a key and a time. */
export const windowPage = {
  address: '/windows/:window',
  title: 'Window',
  titleOf: ({ window }) => window,
  under: '/windows',
  underTitle: 'Windows and joins',
};
