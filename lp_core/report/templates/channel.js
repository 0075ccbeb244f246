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
  const all = make("a", { textContent: "all", href: `#${element("layer").value}` });
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
    for (const { panel } of Object.values(neighbour?.views ?? {})) if (panel) new Image().src = panel;
  }
}

function viewFigure(view, channel, addressed) {
  const { panel, exemplars } = channel.views[view];
  const key = make("span", { className: `key ${view}` });
  const title = capitalized(index.views[view].title);
  const link = make("a", { className: "anchor", href: address(view, channel) }, key, title);
  const names = make("span", { className: "classes", textContent: counted(exemplars) });
  const picture = panel ? sheet(view, channel) : make("p", { className: "missing", textContent: "No panel was made." });
  const summary = make("summary", { textContent: "Exemplars as a table" });
  const text = exemplars.length ? make("details", { className: "text" }, summary, table(view, channel)) : null;
  const caption = make("figcaption", {}, link, names);
  return make("figure", { className: addressed ? "addressed" : "" }, caption, picture, text);
}

/** The panel, with a button over each picture that opens its exemplar. */
function sheet(view, channel) {
  const { size, tile, blocks } = index.views[view];
  const { panel, exemplars } = channel.views[view];
  const alt = `Features and patches of ${channel.layer}, channel ${channel.number}, ${index.views[view].title}`;
  const made = make("div", { className: "sheet" }, make("img", { src: panel, alt, width: size[0], height: size[1] }));
  for (const exemplar of exemplars) {
    blocks.flat().forEach((block, at) => {
      const [left, top] = block[exemplar.rank];
      // One button for the keyboard, all of them for the mouse.
      const ariaLabel = `Exemplar ${exemplar.rank + 1}: ${exemplar.name}, activation ${exemplar.activation}`;
      const access = at ? { tabIndex: -1, ariaHidden: "true" } : { ariaLabel };
      const button = make("button", { type: "button", ...access });
      Object.assign(button.style, {
        left: `${(100 * left) / size[0]}%`, width: `${(100 * tile) / size[0]}%`,
        top: `${(100 * top) / size[1]}%`, height: `${(100 * tile) / size[1]}%`,
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
  const box = [exemplar.top, exemplar.left, exemplar.bottom, exemplar.right];
  const facts = [`activation ${exemplar.activation}`, exemplar.image];
  if (Number.isFinite(exemplar.row)) facts.push(`unit in row ${exemplar.row}, column ${exemplar.column}`);
  if (box.every(Number.isFinite)) {
    const [top, left, bottom, right] = box.map((edge) => String(edge).replace("-", "−"));
    facts.push(`receptive field rows ${top} to ${bottom}, columns ${left} to ${right}`);
  }
  large.replaceChildren(
    make("header", {}, make("h2", { id: "large-title", textContent: exemplar.name }),
      make("span", { textContent: `${exemplar.rank + 1} of ${exemplars.length} · ${where}` }), close),
    make("div", { className: "large" }, ...pictures(view, channel.views[view].panel, exemplar, box)),
    make("p", { className: "facts-line", textContent: facts.filter(Boolean).join(" · ") }),
  );
  large.dataset.back = address(view, channel);
  if (!large.open) large.showModal();
  close.focus();
}

/** Figures of one exemplar: those of the panel, then the whole image with the receptive field drawn into it. */
function pictures(view, panel, exemplar, box) {
  const isLogPolar = view === "log_polar";
  const figure = (textContent, picture) => make("figure", {}, picture, make("figcaption", { textContent }));
  const made = (panel ? index.views[view].blocks : []).flatMap((_, block) => ["Feature", "Patch"].map((name, side) => {
    const kind = isLogPolar ? `, ${block ? "log-polar" : "mapped back"}` : "";
    return figure(name + kind, crop(view, panel, block, side, exemplar.rank));
  }));
  if (!index.map || !box.every(Number.isFinite)) return made;
  const { size: [height, width], sectors, edges } = index.map;
  const photograph = index.photographs[exemplar.image], logPolar = index.logPolarImages[exemplar.image];
  const outline = isLogPolar ? sector(index.map, box) : rectangle(box);
  const text = photograph ? "The photograph, and where the unit looks" : "Where in the photograph the unit looks";
  made.push(figure(text, frame(photograph, width, height, outline)));
  if (isLogPolar && logPolar) {
    const image = frame(logPolar, edges.length - 1, sectors, rectangle(box));
    made.push(figure("The log-polar image, and where the unit looks", image));
  }
  return made;
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
  const picture = path ? make("img", { src: path, alt: "" }) : null;
  return make("span", { className: path ? "frame" : "frame empty" }, picture, svg);
}

const rectangle = ([top, left, bottom, right]) => `M${left} ${top}H${right}V${bottom}H${left}Z`;

/** Outline of what a box of the log-polar image sees: an annular sector. */
function sector({ sectors, edges, centre, wraps }, [top, left, bottom, right]) {
  const from = wraps ? top : Math.max(top, 0);
  const to = wraps ? Math.min(bottom, top + sectors) : Math.min(bottom, sectors);
  const radius = (edge) => edges[Math.min(Math.max(edge, 0), edges.length - 1)];
  const arc = (r) => Array.from({ length: 121 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 120 - 0.5) * 2 * Math.PI) / sectors;
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
