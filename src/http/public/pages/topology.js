/** What feeds what, from the sources to the sinks. */
export const topologyPage = {
  address: '/topology',
  title: 'Topology',
  was: ['topology'],
  nav: { group: 'flow', order: 40 },
};
