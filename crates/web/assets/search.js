// The search of institutions: a combobox whose list is part of the page. While the field has the focus, what was found is its
// listbox; as soon as the focus leaves, it is a list of links again. Without this file the form asks for a whole page.
(() => {
  "use strict";
  const field = document.getElementById("q");
  const found = document.getElementById("found");
  const said = document.getElementById("said");
  // Nothing changes under a finger that has just come down; a reader hears the number once the typing rests.
  const HOLD_MS = 100;
  const REST_MS = 500;
  const KEPT_MAX = 50;
  const kept = new Map();
  const text = () => field.value.trim();
  let shown = text();
  let active = null;
  // The last text on this page that found nothing: it tells what was meant once something is chosen.
  let before = "";
  let pressedAt = -HOLD_MS;
  let pressed = false;
  let held = null;
  let resting;

  // --- the combobox
  const list = () => document.getElementById("results");
  const options = () => [...(list()?.querySelectorAll(".opt") ?? [])].filter((option) => option.getClientRects().length);

  const mark = (option) => {
    active?.setAttribute("aria-selected", "false");
    active = option ?? null;
    if (!active) { field.removeAttribute("aria-activedescendant"); return; }
    active.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  };

  const dress = (open) => {
    mark(null);
    const box = list();
    const put = (element, roles) => {
      for (const [name, value] of Object.entries(roles)) {
        if (open) element.setAttribute(name, value); else element.removeAttribute(name);
      }
    };
    if (box) {
      put(box, { role: "listbox", "aria-label": "Institutions" });
      box.querySelectorAll("h2, ul, li").forEach((part) => put(part, { role: "none" }));
      box.querySelectorAll(".opt").forEach((option, at) => {
        option.id ||= "option-" + at;
        put(option, { role: "option", "aria-selected": "false", tabindex: "-1" });
      });
    }
    field.setAttribute("aria-expanded", String(open && box !== null));
    // Only what is there can be pointed at.
    for (const [name, id] of [["aria-controls", "results"], ["aria-describedby", "q-hint"]]) {
      if (document.getElementById(id)) field.setAttribute(name, id); else field.removeAttribute(name);
    }
  };

  const open = () => field.getAttribute("aria-expanded") === "true";

  const keys = {
    ArrowDown: (all, at) => all[at + 1],
    ArrowUp: (all, at) => all[at < 0 ? all.length - 1 : at - 1],
    Home: (all, at) => (at < 0 ? undefined : all[0]),
    End: (all, at) => (at < 0 ? undefined : all[all.length - 1]),
  };

  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "Tab") { dress(false); return; }
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") { mark(null); return; }
    if (event.key === "Escape") {
      event.preventDefault();
      if (active) mark(null);
      else if (field.value) { field.value = ""; field.dispatchEvent(new Event("input", { bubbles: true })); }
      else dress(false);
      return;
    }
    if (event.key === "Enter") {
      if (!active) return;
      event.preventDefault();
      active.click();
      return;
    }
    const key = keys[event.key];
    if (!key) return;
    const moves = active || event.key.startsWith("Arrow");
    if (!moves || !list()) return;
    event.preventDefault();
    if (!open()) dress(true);
    const all = options();
    mark(key(all, all.indexOf(active)));
  });
  // What was marked belongs to the text before; choosing it now would be choosing the wrong one.
  field.addEventListener("input", () => {
    mark(null);
    if (!text()) before = "";
  });
  field.addEventListener("focus", () => {
    dress(true);
    unhold();
  });
  field.addEventListener("blur", () => dress(false));

  // --- the answers
  const keep = (asked, html) => {
    kept.delete(asked);
    kept.set(asked, html);
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value);
  };

  // The address is what Back returns to. To change it takes longer than to show an answer, so it waits for the paint.
  const remember = () => {
    if ((new URLSearchParams(location.search).get("q") ?? "").trim() === shown) return;
    history.replaceState(history.state, "", location.pathname + (shown ? "?q=" + encodeURIComponent(shown) : ""));
  };

  // What goes on once an answer stands: the address for Back, the words for a reader.
  const settle = () => {
    const answer = found.querySelector("[data-said]");
    before = answer?.dataset.nothing ?? before;
    requestAnimationFrame(() => setTimeout(remember));
    clearTimeout(resting);
    resting = setTimeout(() => {
      const words = answer?.dataset.said ?? "";
      if (said.textContent !== words) said.textContent = words;
    }, REST_MS);
  };

  const show = (asked, html) => {
    // An answer that comes late belongs to a text that is no longer there.
    if (asked !== text()) return;
    if (pressed || performance.now() - pressedAt < HOLD_MS) {
      held = [asked, html];
      setTimeout(unhold, HOLD_MS);
      return;
    }
    // Nor under somebody who has gone on into the list or into its form: it comes when they are back in the field.
    if (found.contains(document.activeElement)) { held = [asked, html]; return; }
    held = null;
    // A note about the answer that stood here is not worth an error once it is gone.
    found.querySelectorAll("[hx-post]").forEach((note) => htmx.trigger(note, "htmx:abort"));
    // A page that has been scrolled must not become so short that it moves.
    found.style.minHeight = scrollY > 0 ? found.offsetHeight + "px" : "";
    found.innerHTML = html;
    shown = asked;
    const note = found.querySelector("[hx-post]");
    if (note) htmx.process(note);
    dress(document.activeElement === field);
    settle();
  };

  const unhold = () => { if (held && !pressed) show(...held); };
  const release = () => {
    pressed = false;
    // After the click that follows.
    setTimeout(unhold, HOLD_MS);
  };
  addEventListener("pointerdown", (event) => {
    pressed = event.button === 0;
    pressedAt = performance.now();
  }, true);
  addEventListener("pointerup", release, true);
  addEventListener("pointercancel", release, true);
  // Whoever types presses nothing any more, even if the end of it was never told.
  field.addEventListener("input", () => { pressed = false; });

  field.addEventListener("htmx:beforeRequest", (event) => {
    const answer = kept.get(text());
    if (answer === undefined) return;
    event.preventDefault();
    show(text(), answer);
  });
  found.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, xhr } = event.detail;
    if (requestConfig.elt !== field || xhr.status !== 200) return;
    event.detail.shouldSwap = false;
    const asked = requestConfig.parameters.q.trim();
    keep(asked, xhr.response);
    show(asked, xhr.response);
  });

  // What the directory is told beside the search is no concern of whoever searches, even when it fails.
  found.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.requestConfig.elt.matches("[hx-post]") && event.detail.xhr.status >= 400) event.preventDefault();
  });

  // --- the choice
  const chosen = (event) => {
    const option = event.target.closest?.(".opt");
    if (!option || event.button > 1) return;
    if (option.matches(".opens")) {
      if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const rows = [...option.closest("[role=group]").querySelectorAll("[hidden]")];
      rows.forEach((row) => { row.hidden = false; });
      option.parentNode.remove();
      const first = rows[0].querySelector(".opt");
      if (document.activeElement === field) mark(first); else first.focus({ preventScroll: true });
      return;
    }
    remember();
    const { offering } = option.dataset;
    if (offering) navigator.sendBeacon?.("/accounts/add/search/chosen", new URLSearchParams({ typed: text(), offering, before }));
    before = "";
  };
  found.addEventListener("click", chosen);
  found.addEventListener("auxclick", chosen);

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-retype]")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  // --- the start
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-haspopup": "listbox" };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  keep(field.defaultValue.trim(), found.innerHTML);
  before = found.querySelector("[data-nothing]")?.dataset.nothing ?? "";
  dress(document.activeElement === field);
  // Typed before this file was there, or put back by the browser.
  addEventListener("pageshow", () => {
    if (text() !== field.defaultValue.trim() && text() !== shown) field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
