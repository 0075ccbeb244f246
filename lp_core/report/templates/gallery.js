"use strict";
// Walls of channels, one channel, one exemplar large. The address says what is shown:
//   #conv5_2   #all   #log_polar/conv5_2/137   #log_polar/conv5_2/137/1
//   #conv5_2?order=G&by=G_z&from=2&state=live   a wall, and what is chosen above it
// Data come in scripts (gallery/index.js, gallery/layers/<layer>.js): a page opened from disk may not fetch.

const CARDS = 60; // Cards put on the wall at once; more follow as one scrolls.
const EXEMPLAR = ["name", "rank", "activation", "image", "row", "column"]; // then two boxes
const PLACES = 9; // exemplars of a channel
const loaded = new Map(); // layer -> promise of its channels
const arriving = new Map(); // layer -> function that takes its data
const element = (id) => document.getElementById(id);
const [status, wall, page, large] = ["status", "wall", "channel", "large"].map(element);
let index; // contents of gallery/index.js
let list = []; // channels on the wall, in its order
let shown = null; // channel shown, if any
let wallOf = null; // choice that the wall was built for
let turn = 0; // number of the address that is being shown

/** An element with properties and children; text is always text. */
function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function logpolarIndex(data) {
  index = data;
  element("layer").append(...index.layers.map((name) => new Option(name)));
  if (index.layers.length > 1) element("layer").append(new Option("all layers", "all"));
  element("classes").append(...index.classes.map((name) => new Option(name)));
  const measures = Object.entries(index.measures);
  element("measured").hidden = !measures.length;
  for (const [name, title] of measures) {
    element("order").append(new Option(`by ${title}`, name));
    element("by").append(new Option(title, name));
  }
  addEventListener("hashchange", route);
  route();
}

function logpolarLayer(name, data) {
  arriving.get(name)(data);
}

/** Promise of the channels of a layer: [{layer, number, views: {view: {sheet, row, panel, exemplars, ...}}}]. */
function load(layer) {
  if (!loaded.has(layer)) {
    loaded.set(layer, new Promise((resolve, reject) => {
      arriving.set(layer, ({ channels, views }) => resolve(channels.map((number, place) => {
        const entries = Object.entries(views).map(([view, data]) => {
          const [sheet, row] = data.places[place] ?? [];
          const measures = Object.entries(data.measures).map(([name, column]) => [name, column[place]]);
          return [view, {
            sheet: data.sheets[sheet], row, panel: data.panels[place], random: data.random[place],
            strip: data.strips?.[place], lower: data.lower[place], exemplars: data.exemplars[place].map(named),
            measures: Object.fromEntries(measures),
          }];
        });
        return { layer, number, views: Object.fromEntries(entries) };
      })));
      const script = make("script", { src: `gallery/layers/${encodeURIComponent(layer)}.js` });
      script.onerror = () => reject(new Error(`gallery/layers/${layer}.js is missing beside this page`));
      document.head.append(script);
    }));
  }
  return loaded.get(layer);
}

/** An exemplar with names instead of places. */
function named(values) {
  const exemplar = Object.fromEntries(EXEMPLAR.map((key, at) => [key, values[at]]));
  const [field, effective] = [6, 10].map((at) => values.slice(at, at + 4));
  return { ...exemplar, name: index.classes[exemplar.name], field, effective, norm: values[14] };
}

async function route() {
  turn += 1; // Whatever still waits for data of an earlier address gives up.
  try {
    const [path, choices] = location.hash.slice(1).split("?");
    const [first, layer, number, rank] = decodeURIComponent(path).split("/");
    if (Object.hasOwn(index.views, first) && index.layers.includes(layer)) {
      await showChannel(first, layer, Number(number), Number(rank));
    } else {
      choose(new URLSearchParams(choices));
      await showWall(index.layers.includes(first) || first === "all" ? first : start());
    }
  } catch (error) {
    status.textContent = error.message;
    status.hidden = false;
  }
}

const start = () => (index.layers.includes("conv5_2") ? "conv5_2" : index.layers.at(-1));
const address = (view, { layer, number }, rank) => `#${view}/${layer}/${number}${rank ? `/${rank}` : ""}`;

/** Promise of the channels of a layer, or of all. */
async function gather(layer) {
  return (await Promise.all((layer === "all" ? index.layers : [layer]).map(load))).flat();
}

/** Put those channels that have the class and the values into the order chosen. */
function arrange(layer, channels) {
  const views = selectedViews();
  const text = element("class").value.trim().toLowerCase();
  const exemplars = (channel) => views.flatMap((view) => channel.views[view].exemplars);
  const having = (channel) => !text || exemplars(channel).some(({ name }) => name.toLowerCase().includes(text));
  const order = element("order").value;
  const sign = index.ascending.includes(order) ? 1 : -1;
  const best = (channel) => Math.min(...valuesOf(channel, views, order).map((value) => sign * value)); // Infinity: none
  const found = channels.filter((channel) => having(channel) && isWanted(channel, views)).map((channel) => ({
    channel,
    measure: Object.hasOwn(index.measures, order) ? best(channel) : 0,
    number: 0, // the order they come in
    activation: -Math.max(0, ...exemplars(channel).map((exemplar) => exemplar.activation)),
    class: commonest(exemplars(channel)),
  }));
  const key = Object.hasOwn(index.measures, order) ? "measure" : order;
  const compare = (a, b) => {
    if (key === "class") return a.class.localeCompare(b.class);
    return a[key] === b[key] ? 0 : a[key] - b[key]; // also where both are infinite
  };
  list = found.sort(compare).map(({ channel }) => channel);
  const of = list.length === channels.length ? "" : `${list.length} of `;
  const what = channels.length === 1 ? "channel" : "channels";
  status.textContent = `${of}${channels.length} ${what}${layer === "all" ? "" : ` of ${layer}`}`;
}

function commonest(exemplars) {
  const times = {};
  for (const { name } of exemplars) times[name] = (times[name] ?? 0) + 1;
  return Object.keys(times).reduce((best, name) => (times[name] > (times[best] ?? 0) ? name : best), "");
}

async function showWall(layer) {
  const now = turn;
  const channels = await gather(layer);
  if (turn !== now) return;
  const from = shown;
  shown = null;
  if (large.open) large.close();
  element("layer").value = layer;
  const choice = wallAddress();
  if (choice !== wallOf) {
    arrange(layer, channels);
    wallOf = choice;
    wall.replaceChildren();
    addCards();
  }
  page.hidden = true;
  wall.hidden = status.hidden = false;
  document.title = `${layer === "all" ? "All layers" : layer} · Gallery`;
  if (list.includes(from)) cardOf(from).querySelector("a").focus();
}

function cardOf(channel) {
  while (wall.children.length <= list.indexOf(channel)) addCards();
  return wall.children[list.indexOf(channel)];
}

function addCards() {
  const from = wall.children.length;
  wall.append(...list.slice(from, from + CARDS).map(card));
  if (wall.children.length < list.length) nearEnd.observe(wall.lastElementChild);
}

const nearEnd = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    nearEnd.unobserve(target);
    if (target === wall.lastElementChild) addCards();
  }
}, { rootMargin: "1500px" });

function card(channel) {
  const views = selectedViews();
  const link = views.find((view) => channel.views[view].sheet) ?? views[0];
  const rows = views.map((view) => {
    const { sheet, exemplars } = channel.views[view];
    const row = make("span", { className: "row" }, make("span", { className: `key ${view}` }));
    for (const { rank } of sheet ? exemplars.slice(0, 2) : []) {
      row.append(crop(view, channel, 0, rank), crop(view, channel, 1, rank));
    }
    if (row.children.length === 1) {
      row.append(make("span", { className: "none", textContent: sheet ? "never active" : "not drawn" }));
    }
    return row;
  });
  const classes = commonest(views.flatMap((view) => channel.views[view].exemplars));
  const number = make("b", { textContent: `${channel.layer}, ${channel.number}` });
  const name = make("span", { className: "name" }, number, make("span", { textContent: classes }));
  const measures = new Set([element("order").value, element("by").value].filter((each) => each in index.measures));
  const values = [...measures].map((measure) => {
    const ofViews = views.map((view) => channel.views[view].measures[measure] ?? "–");
    return `${index.measures[measure]} ${ofViews.join(" / ")}`;
  });
  const line = values.length ? make("span", { className: "numbers", textContent: values.join(" · ") }) : "";
  return make("li", {}, make("a", { href: address(link, channel) }, name, ...rows, line));
}

/** One picture of a channel's row on its sheet. */
function crop(view, channel, kind, rank) {
  const { sheet, row } = channel.views[view];
  return part(sheet, PLACES * index.views[view].kinds.length, PLACES * kind + rank, row);
}

/** One square of a sheet that has so many in a row. */
function part(sheet, columns, column, row) {
  const image = make("img", { src: sheet, loading: "lazy", decoding: "async", alt: "" });
  const places = { "--columns": columns, "--from-left": column, "--from-top": row };
  for (const [name, value] of Object.entries(places)) image.style.setProperty(name, value);
  return make("span", { className: "crop" }, image);
}

async function showChannel(view, layer, number, rank) {
  const now = turn;
  const channels = await load(layer);
  if (turn !== now) return;
  const channel = channels.find((candidate) => candidate.number === number);
  if (!channel) throw new Error(`channel ${number} of ${layer} was not drawn`);
  if (!list.includes(channel)) {
    choose(new URLSearchParams());
    element("layer").value = layer;
    arrange(layer, channels);
    wallOf = null;
  }
  if (shown !== channel || page.dataset.view !== view) drawChannel(view, channel);
  const exemplar = channel.views[view].exemplars.find((candidate) => candidate.rank === rank - 1);
  if (exemplar) drawLarge(view, channel, exemplar);
  else if (large.open) large.close();
}

// Escape closes the dialog by itself; either way the address goes back to the channel.
large.addEventListener("close", () => {
  if (shown && location.hash.split("/").length > 3) location.hash = large.dataset.back;
});
large.addEventListener("click", (event) => {
  if (event.target === large) large.close(); // the ground around it
});
element("controls").addEventListener("submit", (event) => event.preventDefault());
element("controls").addEventListener("input", (event) => {
  // A layer is a step that one can go back; other choices replace the address, without an event that would undo typing.
  if (event.target === element("layer")) location.hash = wallAddress();
  else {
    history.replaceState(null, "", wallAddress());
    turn += 1;
    showWall(element("layer").value).catch((error) => { status.textContent = error.message; });
  }
});
element("skip").addEventListener("click", (event) => {
  event.preventDefault();
  element("main").focus();
});
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("select, input")) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "/") {
    event.preventDefault();
    element("class").focus();
  } else if (shown && event.key === "Escape" && !large.open) {
    location.hash = wallAddress();
  } else if (shown && step && large.open) {
    const { view } = page.dataset;
    const rank = Number(location.hash.split("/")[3]) + step;
    const exists = shown.views[view].exemplars.some((exemplar) => exemplar.rank === rank - 1);
    if (exists) location.replace(address(view, shown, rank));
  } else if (shown && step) {
    const other = list[list.indexOf(shown) + step];
    if (other) location.hash = address(page.dataset.view, other);
  }
});
