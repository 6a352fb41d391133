/** What was refused, and what came too late. */
export const qualityPage = {
  address: '/quality',
  title: 'Quality',
  was: ['dead-letters'],
  nav: { group: 'service', order: 20 },
};
