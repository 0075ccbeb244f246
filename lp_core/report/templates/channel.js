"use strict";
// One channel in both views, and one of its exemplars large. Loaded after gallery.js, whose names it uses.

function drawChannel(view, channel) {
  const isFirst = shown === null && wallOf === null;
  const place = list.indexOf(channel);
  const step = (by, textContent, ariaLabel) => {
    const other = list[place + by];
    if (!other) return make("span", { textContent, ariaHidden: "true" });
    return make("a", { textContent, ariaLabel, href: address(view, other) });
  };
  const title = `${channel.layer}, channel ${channel.number}`;
  const heading = make("h2", { id: "channel-title", tabIndex: -1, textContent: title });
  const rank = make("span", { className: "place", textContent: `${place + 1} of ${list.length}` });
  const all = make("a", { textContent: "all", href: wallAddress() });
  const figures = Object.keys(index.views).map((each) => viewFigure(each, channel, each === view));
  const [previous, next] = [step(-1, "← previous", "previous channel"), step(1, "next →", "next channel")];
  page.replaceChildren(
    make("header", {}, heading, rank, previous, all, next),
    make("div", { className: "pair" }, ...figures),
  );
  shown = channel;
  page.dataset.view = view;
  wall.hidden = status.hidden = true;
  page.hidden = false;
  document.title = `${channel.layer}/${channel.number} · Gallery`;
  scrollTo(0, 0);
  if (!isFirst) heading.focus({ preventScroll: true }); // so that a screen reader says where one is
  for (const neighbour of [list[place + 1], list[place - 1]]) {
    for (const { sheet } of Object.values(neighbour?.views ?? {})) if (sheet) new Image().src = sheet;
  }
}

function viewFigure(view, channel, addressed) {
  const { sheet, panel, exemplars, random, strip, lower, measures } = channel.views[view];
  const key = make("span", { className: `key ${view}` });
  const title = capitalized(index.views[view].title);
  const link = make("a", { className: "anchor", href: address(view, channel) }, key, title);
  const names = make("span", { className: "classes", textContent: counted(exemplars) });
  const missing = sheet ? "No image activates this channel." : "This channel was not drawn.";
  const drawn = sheet && exemplars.length;
  const picture = drawn ? nine(view, channel) : make("p", { className: "missing", textContent: missing });
  const summary = make("summary", { textContent: "Exemplars as a table" });
  const text = exemplars.length ? make("details", { className: "text" }, summary, table(view, channel)) : null;
  const known = Object.entries(measures).filter(([, value]) => Number.isFinite(value));
  const numbers = known.map(([name, value]) => `${index.measures[name]} ${value}`).join(" · ");
  const measured = known.length ? make("p", { className: "numbers", textContent: numbers }) : null;
  const untrained = random && drawn ? onDemand("The same units with random weights", () => randomRow(random, view)) : null;
  const evolution = strip ? onDemand("Evolution: its best image at each epoch", () => epochRow(strip, view)) : null;
  const weaker = lower.length ? onDemand("Images that excite it less", () => lowerRows(lower)) : null;
  const file = panel ? make("a", { className: "file", href: panel, textContent: "Panel as one picture" }) : null;
  const caption = make("figcaption", {}, link, names);
  return make("figure", { className: addressed ? "addressed" : "" }, caption, picture, measured, text, evolution, untrained, weaker, file);
}

/** What is made when it is first opened. */
function onDemand(summary, makeContent) {
  const made = make("details", { className: "text" }, make("summary", { textContent: summary }));
  made.addEventListener("toggle", () => made.append(...makeContent()), { once: true });
  return made;
}

function randomRow(path, view) {
  const words = "Features of the same nine units in the same images, by rank, in the network before its first step"
    + (view === "log_polar" ? ": mapped back, then log-polar." : ".") + " They are taken before the unit’s own ReLU.";
  return [
    make("img", { className: "strip", src: path, decoding: "async", alt: "Features with random weights" }),
    make("p", { className: "numbers", textContent: words }),
  ];
}

/** The best exemplar at every epoch, kind below kind; a bar before those to which the channel jumped. */
function epochRow([path, epochs], view) {
  const { kinds } = index.views[view];
  const figures = epochs.map(([epoch, name, activation, shared, jump, born], place) => {
    const crops = kinds.map((_, kind) => part(path, epochs.length, place, kind));
    const dead = name === null;
    const marks = [jump ? "jump" : "", born ? "born" : ""].filter(Boolean).join(", ");
    const lines = [`epoch ${epoch}`, dead ? "no image" : index.classes[name], `${shared} of 9`, marks || "\u00a0"];
    const under = lines.map((textContent, line) => make("span", { className: line === 3 ? "under event" : "under", textContent }));
    const title = dead ? "" : `activation ${activation}`;
    return make("li", { className: jump ? "jump" : "", title }, ...crops, ...under);
  });
  const words = `From above: ${kinds.join("; ").toLowerCase()}, of the unit that is most active at each epoch. “Of 9”: images `
    + "of the epoch’s nine that are among the last nine. Jump: another best image, and fewer than three of the nine kept. "
    + "Born: five or more of the last nine from here on; at the last epoch that says nothing.";
  return [
    make("ol", { className: "epochs", tabIndex: 0, ariaLabel: "Best image at each epoch" }, ...figures),
    make("p", { className: "numbers", textContent: words }),
  ];
}

/** Images at lower quantiles of those that activate the channel, a line for each quantile. */
function lowerRows(lower) {
  const quantiles = [...new Set(lower.map(([quantile]) => quantile))];
  const rows = quantiles.map((quantile) => {
    const figures = lower.filter(([own]) => own === quantile).map(([, name, activation, image]) => {
      const under = make("span", { className: "under", textContent: `${activation} ${index.classes[name]}` });
      return make("li", {}, frame(index.photographs[image], 1, 1, []), under);
    });
    const head = make("span", { className: "head", textContent: `${Math.round(100 * quantile)} %` });
    return make("li", {}, head, make("ol", {}, ...figures));
  });
  const words = "Photographs at these quantiles of the activation over all images that activate the channel; the nine "
    + "are its extreme.";
  return [make("ul", { className: "lower" }, ...rows), make("p", { className: "numbers", textContent: words })];
}

/** The nine exemplars: kind by kind in blocks of 3 x 3, or one below the other where there is no room (gallery.css). */
function nine(view, channel) {
  const { kinds } = index.views[view];
  const heads = kinds.map((textContent, kind) => placed(make("span", { className: "head", textContent }), kind, 0));
  const items = channel.views[view].exemplars.map((exemplar) => {
    const { rank, name, activation, norm } = exemplar;
    const cells = kinds.map((_, kind) => {
      const feature = kind % 2 === 0;
      const gradient = Number.isFinite(norm) ? make("small", { textContent: `|g| ${Number(norm.toPrecision(2))}` }) : "";
      const words = feature ? [make("i", { textContent: rank + 1 }), gradient, short(activation)] : [name];
      // One button for the keyboard, all of them for the mouse.
      const access = kind ? { tabIndex: -1, ariaHidden: "true" }
        : { ariaLabel: `Exemplar ${rank + 1}: ${name}, activation ${activation}` };
      const under = make("span", { className: feature ? "under value" : "under", title: feature ? "" : name }, ...words);
      const button = make("button", { type: "button", ...access }, crop(view, channel, kind, rank), under);
      button.onclick = () => { location.hash = address(view, channel, rank + 1); };
      return placed(button, kind, 1 + Math.floor(rank / 3), rank % 3);
    });
    return make("li", {}, ...cells);
  });
  const list = make("ol", { className: `nine kinds-${kinds.length}` }, make("li", { className: "heads", ariaHidden: "true" }, ...heads), ...items);
  return list;
}

/** A number in the room beneath a picture: three digits, or all before the point. */
const short = (value) => (Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value));

/** An element with its place among the blocks, features left and patches right, as the style sheet reads it. */
function placed(made, kind, row, column) {
  made.style.setProperty("--row", 1 + 4 * Math.floor(kind / 2) + row);
  // Column 4 of the grid is the gap between features and patches.
  const first = kind % 2 ? 5 : 1;
  made.style.setProperty("--column", column === undefined ? `${first} / span 3` : first + column);
  return made;
}

function table(view, channel) {
  const rows = channel.views[view].exemplars.map((exemplar) => {
    const link = make("a", { textContent: exemplar.rank + 1, href: address(view, channel, exemplar.rank + 1) });
    const cells = ["name", "activation", "image"].map((key) => make("td", { textContent: exemplar[key] ?? "" }));
    return make("tr", {}, make("td", {}, link), ...cells);
  });
  const head = ["Rank", "Class", "Activation", "Image"].map((textContent) => make("th", { scope: "col", textContent }));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function drawLarge(view, channel, exemplar) {
  const { exemplars } = channel.views[view];
  const close = make("button", { type: "button", textContent: "Close", onclick: () => large.close() });
  const where = `${channel.layer}, channel ${channel.number}, ${index.views[view].title}`;
  const facts = [`activation ${exemplar.activation}`, exemplar.image];
  if (Number.isFinite(exemplar.row)) facts.push(`unit in row ${exemplar.row}, column ${exemplar.column}`);
  if (isBox(exemplar.field)) facts.push(`receptive field ${spans(exemplar.field)}`);
  if (Number.isFinite(exemplar.norm)) facts.push(`norm of the gradient ${exemplar.norm}`);
  if (isBox(exemplar.effective)) facts.push(`95 % of the gradient’s energy in ${spans(exemplar.effective)}`);
  large.replaceChildren(
    make("header", {}, make("h2", { id: "large-title", textContent: exemplar.name }),
      make("span", { textContent: `${exemplar.rank + 1} of ${exemplars.length} · ${where}` }), close),
    make("div", { className: `large kinds-${index.views[view].kinds.length}` }, ...figures(view, channel, exemplar)),
    make("p", { className: "facts-line", textContent: facts.filter(Boolean).join(" · ") }),
  );
  large.dataset.back = address(view, channel);
  if (!large.open) large.showModal();
  close.focus();
}

const isBox = (box) => box.length === 4 && box.every(Number.isFinite);

function spans(box) {
  const [top, left, bottom, right] = box.map((edge) => String(edge).replace("-", "−"));
  return `rows ${top} to ${bottom}, columns ${left} to ${right}`;
}

/** Figures of one exemplar: those of the channel, then the whole image with the receptive field drawn into it. */
function figures(view, channel, { rank, image, field, effective }) {
  const figure = (picture, ...caption) => make("figure", {}, picture, make("figcaption", {}, ...caption));
  const { kinds } = index.views[view];
  const made = channel.views[view].sheet ? kinds.map((name, kind) => figure(crop(view, channel, kind, rank), name)) : [];
  if (!isBox(field)) return made;
  const boxes = [field, effective].filter(isBox);
  // The whole picture leads the row of its own kind: photograph and what is mapped back, log-polar image and the rest.
  const whole = (at, pictures, name, height, width, outlines) => {
    const marks = ["receptive field", "95 % of the gradient’s energy"].slice(0, boxes.length).map((text, number) => (
      make("span", {}, make("span", { className: number ? "mark effective" : "mark" }), text)
    ));
    const caption = [name, make("span", { className: "marks" }, ...marks)];
    made.splice(at, 0, figure(frame(pictures[image], width, height, outlines), ...caption));
  };
  if (view !== "log_polar") {
    const side = index.map?.size ?? [1 + Math.max(...field), 1 + Math.max(...field)];
    whole(0, index.photographs, "Photograph", ...side, boxes.map(rectangle));
  } else if (index.map) {
    const { size, sectors, edges } = index.map;
    whole(0, index.photographs, "Photograph", ...size, boxes.map((box) => sector(index.map, box)));
    const outlines = boxes.map((box) => turns(index.map, box).map(rectangle).join(""));
    whole(3, index.logPolarImages, "Log-polar image", sectors, edges.length - 1, outlines);
  }
  return made;
}

/** A box of the log-polar image, and where rows wrap around, the same one turn earlier and later. */
function turns({ sectors, wraps }, [top, left, bottom, right]) {
  return (wraps ? [-sectors, 0, sectors] : [0])
    .map((turn) => [top + turn, left, bottom + turn, right])
    .filter(([from, , to]) => to > 0 && from < sectors);
}

/** A picture of a contact sheet (or an empty ground) with outlines, in px of the network input. */
function frame(place, width, height, outlines) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  outlines.forEach((outline, at) => {
    for (const line of ["under", "over"]) { // light beneath dark: seen on any picture
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", outline);
      path.setAttribute("class", at ? `${line} effective` : line);
      svg.append(path);
    }
  });
  if (!place) return make("span", { className: "frame empty" }, svg);
  const [sheet, at] = place;
  const picture = part(sheet, index.perRow, at % index.perRow, Math.floor(at / index.perRow));
  return make("span", { className: "frame" }, picture, svg);
}

const rectangle = ([top, left, bottom, right]) => `M${left} ${top}H${right}V${bottom}H${left}Z`;

/** Outline of what a box of the log-polar image sees: an annular sector. */
function sector({ sectors, edges, centre, wraps, seam = 0 }, [top, left, bottom, right]) {
  const from = wraps ? top : Math.max(top, 0);
  const to = wraps ? Math.min(bottom, top + sectors) : Math.min(bottom, sectors);
  const radius = (edge) => edges[Math.min(Math.max(edge, 0), edges.length - 1)];
  const arc = (r) => Array.from({ length: 121 }, (_, step) => {
    const turn = (from + ((to - from) * step) / 120 - 0.5) / sectors + seam / 360;
    const angle = turn * 2 * Math.PI;
    const [y, x] = [centre[0] + 0.5 + r * Math.sin(angle), centre[1] + 0.5 + r * Math.cos(angle)];
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  });
  const [outer, inner] = [arc(radius(right)), arc(radius(left)).reverse()];
  return to - from >= sectors ? `M${outer.join("L")}ZM${inner.join("L")}Z` : `M${[...outer, ...inner].join("L")}Z`;
}

const capitalized = (text) => text[0].toUpperCase() + text.slice(1);

function counted(exemplars) {
  const times = new Map();
  for (const { name } of exemplars) times.set(name, (times.get(name) ?? 0) + 1);
  const byTimes = [...times].sort((a, b) => b[1] - a[1]);
  return byTimes.map(([name, count]) => (count > 1 ? `${name} (${count})` : name)).join(", ");
}
