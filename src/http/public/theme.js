// Before the first paint, so that a page opened in the chosen theme never flashes the other; hence no module.
(() => {
  try {
    const chosen = localStorage.getItem('millrace-theme');
    if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is off: the system's preference holds.
  }
})();
