"use strict";
// A link to a channel opens the layer that it stands in; a channel that is not on this page is in the gallery.
function reveal() {
  const address = decodeURIComponent(location.hash.slice(1));
  const target = document.getElementById(address);
  const layer = target && target.closest("details");
  if (layer) {
    layer.open = true;
    target.scrollIntoView();
  } else if (!target && /^\w+\/\w+\/\d+/.test(address)) {
    location.replace("gallery.html#" + address);
  }
}
addEventListener("hashchange", reveal);
reveal();
