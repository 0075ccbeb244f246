"use strict";
// What is chosen above a wall, how its address names that, and which channels it leaves. Loaded after gallery.js.

const CHOICES = ["class", "view", "order", "by", "from", "to", "state"]; // controls that the address of a wall names

/** Set the controls to what an address names; the others to what they are at first. */
function choose(choices) {
  for (const control of CHOICES.map(element).filter(Boolean)) {
    control.value = choices.get(control.id) ?? "";
    if (control.selectedIndex < 0 || control.value === "") control.selectedIndex = 0; // no such option
  }
}

/** The address of a wall with what is chosen above it. */
function wallAddress() {
  const chosen = CHOICES.map(element).filter((control) => control && control.value && !control.selectedOptions?.[0].defaultSelected);
  const choices = new URLSearchParams(chosen.map((control) => [control.id, control.value.trim()]));
  return `#${element("layer").value}${chosen.length ? `?${choices}` : ""}`;
}

function selectedViews() {
  const wanted = element("view")?.value;
  return Object.keys(index.views).filter((view) => !wanted || view === wanted);
}

/** Known values of a measure of a channel in some views. */
function valuesOf(channel, views, measure) {
  return views.map((view) => channel.views[view].measures[measure]).filter(Number.isFinite);
}

/** Whether a channel is live or dead, and has a value within the bounds, as chosen, in any of the views. */
function isWanted(channel, views) {
  const [state, by] = [element("state").value, element("by").value];
  const live = views.some((view) => channel.views[view].exemplars.length);
  const dead = views.some((view) => !channel.views[view].exemplars.length);
  if ((state === "live" && !live) || (state === "dead" && !dead)) return false;
  if (!by) return true;
  const [from, to] = ["from", "to"].map((id) => element(id).valueAsNumber);
  return valuesOf(channel, views, by).some((value) => !(value < from) && !(value > to));
}
