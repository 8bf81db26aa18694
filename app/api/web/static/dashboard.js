// What the pages do beside being read: the viewer's zone, parts that renew themselves, dialogs, the theme.
"use strict";
const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function tellInZone(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.textContent = zone.format(at);
  }
}

// A part with data-refresh is replaced by what this address gives, every data-every seconds, until what it gives
// has no data-refresh any more.
function renew(part) {
  const every = Number(part.dataset.every ?? 5) * 1000;
  let failures = 0;
  const later = () => setTimeout(now, every * 2 ** Math.min(failures, 5));
  async function now() {
    if (!part.isConnected) return;
    if (document.hidden || part.querySelector("dialog[open]")) return later();
    try {
      const answer = await fetch(part.dataset.refresh, { headers: { accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      replace(part, await answer.text());
    } catch {
      failures += 1;
      part.dataset.stale = "";
      later();
    }
  }
  later();
}

function replace(part, html) {
  const came = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceWith(came);
  if (focused) document.getElementById(focused)?.focus();
  begin(came);
  came.dispatchEvent(new Event("part", { bubbles: true }));
}

function begin(root) {
  tellInZone(root);
  const parts = [...root.querySelectorAll("[data-refresh]")];
  if (root.matches("[data-refresh]")) parts.push(root);
  parts.forEach(renew);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (!button) return;
  if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
  if ("closes" in button.dataset) button.closest("dialog").close();
  if ("themeToggle" in button.dataset) toggleTheme();
});

document.addEventListener("change", (event) => {
  if ("submits" in event.target.dataset) event.target.form.requestSubmit();
});

// What is asked once is asked once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if ("sent" in event.target.dataset) event.preventDefault();
  event.target.dataset.sent = "";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

function toggleTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Then it is for this page alone.
  }
  document.dispatchEvent(new Event("theme"));
}

document.addEventListener("DOMContentLoaded", () => begin(document.body));
