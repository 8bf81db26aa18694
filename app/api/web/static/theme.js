// Before anything is drawn: the theme that was chosen here, else what the system says.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Nothing may be kept here: the system's it is.
}
