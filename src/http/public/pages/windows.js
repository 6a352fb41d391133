/** Every window and join, with its newest result. */
export const windowsPage = {
  address: '/windows',
  title: 'Windows and joins',
  was: ['windows', 'joins'],
  shows: ({ windowsAndJoins }) => windowsAndJoins.length > 0,
  nav: { group: 'flow', order: 30 },
};
