/** One table: its newest rows. */
export const tablePage = {
  address: '/tables/:table',
  title: 'Table',
  titleOf: ({ table }) => table,
  under: '/tables',
  underTitle: 'Tables',
};
