// Runs before anything is painted, so that a chosen theme does not flash through the other one.
const theme = localStorage.getItem('sluice.theme');
if (theme !== null) document.documentElement.dataset.theme = theme;
