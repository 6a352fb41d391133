/** Where one begins: the headline numbers, the topology, and what is newest. */
export const overviewPage = {
  address: '/',
  title: 'Overview',
  isTitleHidden: true,
  nav: { group: 'flow', order: 10 },
};
