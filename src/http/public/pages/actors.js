/** The tree of actors, and what went wrong in it. */
export const actorsPage = {
  address: '/actors',
  title: 'Actors',
  was: ['actors'],
  nav: { group: 'service', order: 40 },
};
