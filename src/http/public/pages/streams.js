/** Every stream: where it comes from, how fast, and how far. */
export const streamsPage = {
  address: '/streams',
  title: 'Streams',
  was: ['streams'],
  nav: { group: 'flow', order: 20 },
};
