/** One run of a job. */
export const runPage = {
  address: '/jobs/:job/runs/:run',
  title: 'Run',
  titleOf: ({ run }) => run,
  under: '/jobs',
  underTitle: 'Jobs',
};
