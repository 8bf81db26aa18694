// Draws what has data-figure, in the colours of the page.
"use strict";
const drawing = {
  config: { displayModeBar: false, responsive: true, displaylogo: false },
  seen: new Set(),
  moment: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,

  async all(root) {
    const found = [...root.querySelectorAll("[data-figure]")];
    if (root.matches?.("[data-figure]")) found.push(root);
    if (!found.length) return;
    await drawing.library();
    for (const element of found) {
      drawing.seen.add(element);
      drawing.one(element);
    }
  },

  // A part that came later may have the first chart of its page.
  library() {
    if (window.Plotly) return Promise.resolve();
    drawing.loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.querySelector('meta[name="charts"]').content;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return drawing.loading;
  },

  one(element) {
    const figure = JSON.parse(element.dataset.figure);
    const layout = drawing.styled(figure.layout ?? {});
    window.Plotly.react(element, figure.data.map((trace) => drawing.traced(trace)), layout, drawing.config);
  },

  again() {
    for (const element of drawing.seen) {
      if (element.isConnected) drawing.one(element);
      else drawing.seen.delete(element);
    }
  },

  // "var(--bad)" in a figure is the page's colour of this name, whichever theme it has. Moments are shown in the
  // viewer's zone, of which Plotly knows nothing, and "{zone}" is its name.
  traced(value) {
    if (typeof value === "string") return drawing.said(value);
    if (Array.isArray(value)) return value.map((one) => drawing.traced(one));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, drawing.traced(one)]));
  },

  said(text) {
    if (text.startsWith("var(--")) return drawing.colour(text);
    if (!drawing.moment.test(text)) return text === "({zone})" ? drawing.zone : text.replace("{zone}", drawing.zone);
    const moment = new Date(text);
    return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
  },

  colour(value) {
    drawing.probe ??= document.body.appendChild(Object.assign(document.createElement("i"), { hidden: true }));
    drawing.probe.style.color = value;
    return getComputedStyle(drawing.probe).color;
  },

  styled(given) {
    const ink = drawing.colour("var(--ink-soft)"), line = drawing.colour("var(--line)");
    const axis = {
      ...{ gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true, ticks: "" },
      ...{ spikecolor: ink, spikethickness: 1 },
    };
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily },
      margin: { l: 8, r: 8, t: 8, b: 8 },
      hovermode: "x unified",
      hoverlabel: { bgcolor: drawing.colour("var(--raised)"), bordercolor: line, font: { color: drawing.colour("var(--ink)") } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      colorway: [1, 2, 3, 4, 5, 6].map((one) => drawing.colour(`var(--series-${one})`)),
      ...drawing.traced(given),
    };
    const axes = Object.keys(given).filter((name) => /^[xy]axis\d*$/.test(name));
    for (const name of new Set(["xaxis", "yaxis", ...axes])) layout[name] = { ...axis, ...layout[name] };
    return layout;
  },
};

document.addEventListener("DOMContentLoaded", () => drawing.all(document.body));
document.addEventListener("theme", () => drawing.again());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawing.again());
document.addEventListener("part", (event) => drawing.all(event.target));
