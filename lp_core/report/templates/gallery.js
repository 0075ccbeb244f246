"use strict";
// Walls of channels, one channel, one exemplar large. The address says what is shown:
//   #conv5_2   #all   #log_polar/conv5_2/137   #log_polar/conv5_2/137/1
// Data come in scripts (gallery/index.js, gallery/<layer>.js): a page opened from disk may not fetch.

const CARDS = 60; // Cards put on the wall at once; more follow as one scrolls.
const EXEMPLAR = ["name", "rank", "activation", "image", "row", "column", "top", "left", "bottom", "right"];
const loaded = new Map(); // layer -> promise of its channels
const arriving = new Map(); // layer -> function that takes its data
const element = (id) => document.getElementById(id);
const status = element("status"), wall = element("wall"), page = element("channel"), large = element("large");
let index; // contents of gallery/index.js
let list = []; // channels on the wall, in its order
let shown = null; // channel shown, if any
let wallOf = null; // what the wall was built for

/** An element with properties and children; text is always text. */
function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function logpolarIndex(data) {
  index = data;
  const layers = Object.keys(index.layers);
  element("layer").append(...layers.map((name) => new Option(name)));
  if (layers.length > 1) element("layer").append(new Option("all layers", "all"));
  element("classes").append(...index.classes.map((name) => new Option(name)));
  addEventListener("hashchange", route);
  route();
}

function logpolarLayer(name, data) {
  arriving.get(name)(data);
}

/** Promise of the channels of a layer: [{layer, number, views: {view: {panel, exemplars}}}]. */
function load(layer) {
  if (!loaded.has(layer)) {
    loaded.set(layer, new Promise((resolve, reject) => {
      arriving.set(layer, (data) => resolve(data.channels.map((number, place) => ({
        layer, number,
        views: Object.fromEntries(Object.entries(data.views).map(([view, { panels, exemplars }]) => [view, {
          panel: panels[place],
          exemplars: exemplars[place].map((values) => {
            const exemplar = Object.fromEntries(EXEMPLAR.map((key, at) => [key, values[at]]));
            return { ...exemplar, name: index.classes[exemplar.name] };
          }),
        }])),
      }))));
      const script = make("script", { src: `gallery/${layer}.js` });
      script.onerror = () => reject(new Error(`gallery/${layer}.js is missing beside this page`));
      document.head.append(script);
    }));
  }
  return loaded.get(layer);
}

async function route() {
  const [first, layer, number, rank] = decodeURIComponent(location.hash.slice(1)).split("/");
  try {
    if (first in index.views && layer in index.layers) await showChannel(first, layer, Number(number), Number(rank));
    else await showWall(first in index.layers || first === "all" ? first : start());
  } catch (error) {
    status.textContent = error.message;
  }
}

const start = () => ("conv5_2" in index.layers ? "conv5_2" : Object.keys(index.layers).at(-1));
const selectedViews = () => Object.keys(index.views).filter((view) => [view, ""].includes(element("view")?.value ?? ""));
const address = (view, { layer, number }, rank) => `#${view}/${layer}/${number}${rank ? "/" + rank : ""}`;

/** The channels of a layer (or all) that have the class, in the order chosen. */
async function arrange(layer) {
  const layers = layer === "all" ? Object.keys(index.layers) : [layer];
  const channels = (await Promise.all(layers.map(load))).flat();
  const views = selectedViews(), text = element("class").value.trim().toLowerCase();
  const exemplars = (channel) => views.flatMap((view) => channel.views[view].exemplars);
  const having = (channel) => !text || exemplars(channel).some(({ name }) => name.toLowerCase().includes(text));
  const found = channels.filter(having).map((channel) => ({
    channel,
    number: 0, // the order they come in
    activation: -Math.max(0, ...exemplars(channel).map((exemplar) => exemplar.activation)),
    class: commonest(exemplars(channel)),
  }));
  const key = element("order").value;
  const compare = (a, b) => (key === "class" ? a.class.localeCompare(b.class) : a[key] - b[key]);
  list = found.sort(compare).map(({ channel }) => channel);
  const of = `${list.length === channels.length ? "" : `${list.length} of `}${channels.length}`;
  status.textContent = `${of} channel${channels.length === 1 ? "" : "s"}${layer === "all" ? "" : ` of ${layer}`}`;
}

function commonest(exemplars) {
  const times = {};
  for (const { name } of exemplars) times[name] = (times[name] ?? 0) + 1;
  return Object.keys(times).reduce((best, name) => (times[name] > (times[best] ?? 0) ? name : best), "");
}

async function showWall(layer) {
  const choice = JSON.stringify([layer, element("class").value, selectedViews(), element("order").value]);
  const from = shown;
  if (large.open) large.close();
  shown = null;
  element("layer").value = layer;
  if (choice !== wallOf) {
    await arrange(layer);
    wallOf = choice;
    wall.replaceChildren();
    addCards();
  }
  page.hidden = true;
  wall.hidden = status.hidden = false;
  document.title = `${layer === "all" ? "All layers" : layer} · Gallery`;
  if (from) cardOf(from)?.querySelector("a").focus();
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
  const link = views.find((view) => channel.views[view].panel) ?? views[0];
  const rows = views.map((view) => {
    const { panel, exemplars } = channel.views[view];
    const crops = panel ? exemplars.slice(0, 2).flatMap(({ rank }) => [0, 1].map((side) => crop(view, panel, 0, side, rank))) : [];
    const none = make("span", { className: "none", textContent: panel ? "never active" : "no panel" });
    return make("span", { className: "row" }, make("span", { className: `key ${view}` }), ...(crops.length ? crops : [none]));
  });
  const name = make("span", { className: "name" }, make("b", { textContent: `${channel.layer}, ${channel.number}` }),
    make("span", { textContent: commonest(views.flatMap((view) => channel.views[view].exemplars)) }));
  return make("li", {}, make("a", { href: address(link, channel) }, name, ...rows));
}

/** One picture of a panel: feature (side 0) or patch (1) of a rank, in the upper or the lower block. */
function crop(view, panel, block, side, rank) {
  const { size, tile, blocks } = index.views[view];
  const [left, top] = blocks[block][side][rank];
  const image = make("img", { src: panel, loading: "lazy", decoding: "async", alt: "" });
  Object.assign(image.style, {
    width: `${(100 * size[0]) / tile}%`, left: `${(-100 * left) / tile}%`, top: `${(-100 * top) / tile}%`,
  });
  return make("span", { className: "crop" }, image);
}

async function showChannel(view, layer, number, rank) {
  const channel = (await load(layer)).find((candidate) => candidate.number === number);
  if (!channel) throw new Error(`${layer} has no panel of channel ${number}`);
  if (!list.includes(channel)) {
    element("class").value = "";
    wallOf = null;
    await arrange(element("layer").value = layer);
  }
  if (shown !== channel || page.dataset.view !== view) drawChannel(view, channel);
  const exemplar = channel.views[view].exemplars.find((candidate) => candidate.rank === rank - 1);
  if (exemplar) drawLarge(view, channel, exemplar);
  else if (large.open) large.close();
}

function drawChannel(view, channel) {
  shown = channel;
  page.dataset.view = view;
  const place = list.indexOf(channel);
  const to = (text, label, step) => {
    const other = list[place + step];
    return other ? make("a", { textContent: text, href: address(view, other), ariaLabel: label }) : make("span", { textContent: text, ariaHidden: "true" });
  };
  const wallLink = make("a", { textContent: "all", href: `#${element("layer").value}` });
  page.replaceChildren(
    make("header", {}, make("h2", { id: "channel-title", textContent: `${channel.layer}, channel ${channel.number}` }),
      make("span", { textContent: `${place + 1} of ${list.length}` }), to("← previous", "previous channel", -1), wallLink, to("next →", "next channel", 1)),
    make("div", { className: "pair" }, ...Object.keys(index.views).map((each) => viewFigure(each, channel, each === view))),
  );
  wall.hidden = status.hidden = true;
  page.hidden = false;
  document.title = `${channel.layer}/${channel.number} · Gallery`;
  scrollTo(0, 0);
  for (const step of [1, -1]) {
    for (const { panel } of Object.values(list[place + step]?.views ?? {})) if (panel) new Image().src = panel;
  }
}

function viewFigure(view, channel, addressed) {
  const { panel, exemplars } = channel.views[view];
  const link = make("a", { className: "anchor", href: address(view, channel) }, make("span", { className: `key ${view}` }), capitalized(index.views[view].title));
  const names = make("span", { className: "classes", textContent: counted(exemplars) });
  const text = make("details", { className: "text" }, make("summary", { textContent: "Exemplars as a table" }), table(view, channel));
  return make("figure", { className: addressed ? "addressed" : "" }, make("figcaption", {}, link, names),
    panel ? sheet(view, channel) : make("p", { className: "missing", textContent: "No panel was made." }), exemplars.length ? text : null);
}

/** The panel, with a button over each picture that opens its exemplar. */
function sheet(view, channel) {
  const { size, tile, blocks } = index.views[view];
  const { panel, exemplars } = channel.views[view];
  const label = `Features and patches of ${channel.layer}, channel ${channel.number}, ${index.views[view].title}`;
  const made = make("div", { className: "sheet" }, make("img", { src: panel, alt: label, width: size[0], height: size[1] }));
  for (const exemplar of exemplars) {
    blocks.flat().forEach((block, at) => {
      const [left, top] = block[exemplar.rank];
      // One button for the keyboard, all of them for the mouse.
      const button = make("button", { type: "button", tabIndex: at ? -1 : 0, ariaHidden: at ? "true" : null, ariaLabel: described(exemplar) });
      Object.assign(button.style, {
        left: `${(100 * left) / size[0]}%`, top: `${(100 * top) / size[1]}%`, width: `${(100 * tile) / size[0]}%`, height: `${(100 * tile) / size[1]}%`,
      });
      button.onclick = () => { location.hash = address(view, channel, exemplar.rank + 1); };
      made.append(button);
    });
  }
  return made;
}

function table(view, channel) {
  const rows = channel.views[view].exemplars.map((exemplar) => {
    const link = make("a", { textContent: exemplar.rank + 1, href: address(view, channel, exemplar.rank + 1) });
    return make("tr", {}, make("td", {}, link), ...["name", "activation", "image"].map((key) => make("td", { textContent: exemplar[key] ?? "" })));
  });
  const head = ["Rank", "Class", "Activation", "Image"].map((textContent) => make("th", { scope: "col", textContent }));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function drawLarge(view, channel, exemplar) {
  const { panel, exemplars } = channel.views[view];
  const rank = exemplar.rank + 1;
  const close = make("button", { type: "button", textContent: "Close", onclick: () => large.close() });
  const pictures = [];
  const add = (text, picture) => pictures.push(make("figure", {}, picture, make("figcaption", { textContent: text })));
  const box = [exemplar.top, exemplar.left, exemplar.bottom, exemplar.right];
  const known = box.every(Number.isFinite);
  const logPolar = view === "log_polar";
  if (panel) {
    index.views[view].blocks.forEach((_, block) => ["Feature", "Patch"].forEach((name, side) => {
      add(logPolar ? `${name}, ${block ? "log-polar" : "mapped back"}` : name, crop(view, panel, block, side, exemplar.rank));
    }));
  }
  if (known && index.map) {
    const [height, width] = index.map.size;
    const photograph = index.photographs[exemplar.image];
    add(photograph ? "The photograph, and where the unit looks" : "Where in the photograph the unit looks",
      frame(photograph, width, height, logPolar ? sector(index.map, box) : square(box, 0)));
    const image = index.logPolarImages[exemplar.image];
    if (logPolar && image) add("The log-polar image, and where the unit looks", frame(image, index.map.edges.length - 1, index.map.sectors, square(box, 0)));
  }
  const unit = Number.isFinite(exemplar.row) ? `unit in row ${exemplar.row}, column ${exemplar.column}` : null;
  const field = known ? `receptive field rows ${box[0]} to ${box[2]}, columns ${box[1]} to ${box[3]}` : null;
  large.replaceChildren(
    make("header", {}, make("h2", { id: "large-title", textContent: exemplar.name }),
      make("span", { textContent: `${rank} of ${exemplars.length} · ${channel.layer}, channel ${channel.number}, ${index.views[view].title}` }), close),
    make("div", { className: "large" }, ...pictures),
    make("p", { className: "facts-line", textContent: [`activation ${exemplar.activation}`, exemplar.image, unit, field].filter(Boolean).join(" · ") }),
  );
  large.dataset.back = address(view, channel);
  if (!large.open) large.showModal();
}

/** A picture (or an empty ground) with an outline, in px of the network input. */
function frame(path, width, height, outline) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  for (let line = 0; line < 2; line += 1) { // light beneath dark: seen on any picture
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", outline);
    svg.append(path);
  }
  return make("span", { className: path ? "frame" : "frame empty" }, path ? make("img", { src: path, alt: "" }) : null, svg);
}

const square = ([top, left, bottom, right], inset) => `M${left + inset} ${top + inset}H${right - inset}V${bottom - inset}H${left + inset}Z`;

/** Outline of what a box of the log-polar image sees: an annular sector. */
function sector({ sectors, edges, centre, wraps }, [top, left, bottom, right]) {
  const from = wraps ? top : Math.max(top, 0);
  const to = wraps ? Math.min(bottom, top + sectors) : Math.min(bottom, sectors);
  const radius = (edge) => edges[Math.min(Math.max(edge, 0), edges.length - 1)];
  const arc = (r) => Array.from({ length: 121 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 120 - 0.5) * 2 * Math.PI) / sectors;
    return `${(centre[1] + 0.5 + r * Math.cos(angle)).toFixed(2)} ${(centre[0] + 0.5 + r * Math.sin(angle)).toFixed(2)}`;
  });
  const [outer, inner] = [arc(radius(right)), arc(radius(left)).reverse()];
  return to - from >= sectors ? `M${outer.join("L")}ZM${inner.join("L")}Z` : `M${[...outer, ...inner].join("L")}Z`;
}

const capitalized = (text) => text[0].toUpperCase() + text.slice(1);
const described = (exemplar) => `Exemplar ${exemplar.rank + 1}: ${exemplar.name}, activation ${exemplar.activation}`;

function counted(exemplars) {
  const times = new Map();
  for (const { name } of exemplars) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1]).map(([name, count]) => (count > 1 ? `${name} (${count})` : name)).join(", ");
}

// Escape closes the dialog by itself; either way the address goes back to the channel.
large.addEventListener("close", () => { if (shown && location.hash.split("/").length > 3) location.hash = large.dataset.back; });
large.addEventListener("click", (event) => { if (event.target === large) large.close(); });
element("controls").addEventListener("submit", (event) => event.preventDefault());
element("controls").addEventListener("input", () => {
  const wanted = `#${element("layer").value}`;
  if (location.hash === wanted) route();
  else location.hash = wanted;
});
element("skip").addEventListener("click", (event) => {
  event.preventDefault();
  element("main").focus();
});
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("select")) return;
  if (event.target.matches("input")) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "/") {
    event.preventDefault();
    element("class").focus();
  } else if (shown && event.key === "Escape" && !large.open) {
    location.hash = element("layer").value;
  } else if (shown && step) {
    const [view, , , rank] = location.hash.slice(1).split("/");
    if (large.open) {
      if (shown.views[view].exemplars.some((exemplar) => exemplar.rank === Number(rank) - 1 + step)) location.replace(address(view, shown, Number(rank) + step));
    } else {
      const other = list[list.indexOf(shown) + step];
      if (other) location.hash = address(view, other);
    }
  }
});
