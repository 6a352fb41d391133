/** The tables of the read models that the API reads. */
export const tablesPage = {
  address: '/tables',
  title: 'Tables',
  nav: { group: 'service', order: 25 },
};
