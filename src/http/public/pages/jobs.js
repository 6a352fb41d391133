/** Scheduled jobs and their runs. */
export const jobsPage = {
  address: '/jobs',
  title: 'Jobs',
  was: ['runs'],
  shows: ({ jobs }) => jobs.length > 0,
  nav: { group: 'service', order: 10 },
};
