// Search runs in a worker, which browsers do not start for a page that is opened from disk. There a hidden frame runs
// the same script: its messages come and go as those of a worker do.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #inside = null;
    #waiting = [];

    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "search";
      frame.srcdoc = "<!doctype html><body>";
      frame.addEventListener("load", () => this.#start(frame.contentWindow, url), { once: true });
      document.body.append(frame);
    }

    #start(inside, url) {
      inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = inside.document.createElement("script");
      script.addEventListener("load", () => {
        this.#inside = inside;
        this.#waiting.splice(0).forEach(data => this.postMessage(data));
      });
      script.src = url;
      inside.document.body.append(script);
    }

    postMessage(data) {
      if (this.#inside) this.#inside.dispatchEvent(new MessageEvent("message", { data }));
      else this.#waiting.push(data);
    }
  };
}
