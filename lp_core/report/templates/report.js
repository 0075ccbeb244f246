"use strict";
// A link to a channel opens the layer that it stands in.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const layer = target && target.closest("details");
  if (layer) {
    layer.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", reveal);
reveal();
