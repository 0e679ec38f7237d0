// Before the first paint: the theme that this browser chose, or the system's.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch (refused) {
    // Storage is closed to us: follow the system.
  }
  var dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
