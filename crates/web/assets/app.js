// What htmx can't do: show a password, count down, walk a chart by keyboard, send a form once. Every page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const each = (scope, selector, act) => {
    if (scope.matches?.(selector)) act(scope);
    scope.querySelectorAll?.(selector).forEach(act);
  };

  // The button exists only here: without script it could do nothing.
  const showable = (input) => {
    if (input.parentNode.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn quiet";
    button.textContent = "Show";
    button.setAttribute("aria-controls", input.id);
    button.setAttribute("aria-label", "Show what is typed");
    button.addEventListener("click", () => {
      const hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      button.textContent = hidden ? "Hide" : "Show";
      button.setAttribute("aria-label", hidden ? "Hide what is typed" : "Show what is typed");
    });
    input.after(button);
    // A browser would offer to keep a shown password as a plain text.
    input.form?.addEventListener("submit", () => { input.type = "password"; });
  };

  // What is shown once is copied by a click; the text is selected as well, for whoever copies by hand.
  const copyable = (input) => {
    if (!navigator.clipboard || input.parentNode.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn quiet";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      input.select();
      try {
        await navigator.clipboard.writeText(input.value);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected";
      }
    });
    input.after(button);
  };

  // data-deadline, data-now and data-asked are milliseconds of the server's clock, which may not be this machine's.
  const countdown = (box) => {
    if (box.dataset.running) return;
    box.dataset.running = "yes";
    const deadline = Number(box.dataset.deadline);
    const skew = Number(box.dataset.now) - Date.now();
    const whole = Math.max(1, deadline - Number(box.dataset.asked));
    const shown = box.querySelector("[data-left]");
    const bar = box.querySelector("rect");
    const said = box.querySelector("[aria-live]");
    const tell = new Set([120, 60, 30, 10]);
    const tick = () => {
      if (!box.isConnected) return;
      const left = Math.max(0, Math.ceil((deadline - Date.now() - skew) / 1000));
      shown.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      bar?.setAttribute("width", String(Math.min(100, (left * 100000) / whole)));
      box.classList.toggle("soon", left <= 30);
      if (tell.has(left) && said) said.textContent = left + " seconds left";
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  };

  // One stop for the Tab key; the arrows walk through the points.
  const walk = (plot) => {
    const points = [...plot.querySelectorAll(".pt")];
    plot.addEventListener("keydown", (event) => {
      const at = points.indexOf(document.activeElement);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1 }[event.key];
      if (at < 0 || to === undefined || !points[to]) return;
      event.preventDefault();
      points[at].setAttribute("tabindex", "-1");
      points[to].setAttribute("tabindex", "0");
      points[to].focus();
    });
  };

  // The run is over: on to what came of it.
  const go = (mark) => { location.replace(mark.dataset.go); };

  const prepare = (scope) => {
    each(scope, "[data-go]", go);
    each(scope, "input[data-showable]", showable);
    each(scope, "input[data-copyable]", copyable);
    each(scope, "[data-deadline]", countdown);
    each(scope, ".plot", walk);
  };

  // A form that must not be sent twice; the server refuses the second anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    const button = event.submitter ?? form.querySelector("button[type=submit]");
    button?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-once]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    });
  });

  document.addEventListener("htmx:afterSettle", (event) => prepare(event.target));
  document.addEventListener("htmx:sseMessage", (event) => prepare(event.target));
  prepare(document);
})();
