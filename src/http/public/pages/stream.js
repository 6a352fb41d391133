/** One stream: its partitions, its newest events and what of it was refused. */
export const streamPage = {
  address: '/streams/:stream',
  title: 'Stream',
  titleOf: ({ stream }) => stream,
  under: '/streams',
  underTitle: 'Streams',
};
