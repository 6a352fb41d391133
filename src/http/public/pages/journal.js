/** The logs of the journal, and who reads them. */
export const journalPage = {
  address: '/journal',
  title: 'Journal',
  nav: { group: 'service', order: 30 },
};
