// Makes live what works without it: refreshes the page in place, counts times on, answers to keys.
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const main = $("[data-live]");

  // --- times -------------------------------------------------------------------------------------
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  const relative = (at) => {
    const seconds = (Date.now() - at) / 1000, size = Math.abs(seconds);
    const unit = units.find(([length]) => size >= length);
    const text = unit ? `${Math.floor(size / unit[0])} ${unit[1]}` : size >= 10 ? `${Math.floor(size)} s` : "";
    if (!text) return seconds >= 0 ? "just now" : "in a moment";
    return seconds >= 0 ? `${text} ago` : `in ${text}`;
  };
  const duration = (seconds) => {
    if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  };
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const tick = () => {
    for (const element of all("time[data-relative]")) put(element, relative(Date.parse(element.dateTime)));
    for (const element of all("[data-since]")) put(element, duration((Date.now() - Date.parse(element.dataset.since)) / 1000));
  };

  // --- live: the same page again, put into this one where it differs --------------------------------
  const control = $("[data-live-control]"), interval = $("[data-live-interval]"), lost = $("[data-lost]");
  let etag = null, timer = 0, failures = 0, seen = Date.now(), asking = null;
  const stored = (key, value) => {
    try {
      return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value);
    } catch { return null; } // storage may be switched off
  };
  // What the visitor is in the middle of stays: open details, ticked boxes, what is typed.
  const theirs = new Set(["open", "checked", "value", "selected", "hidden"]);
  const keep = (name, element) => !(theirs.has(name) && element.matches("details, dialog, input, textarea, option, select, [data-selected]"));
  const morph = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    document.title = fresh.title;
    const log = $("[role=log]"), atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    Idiomorph.morph(main, $("[data-live]", fresh).innerHTML, {
      morphStyle: "innerHTML", ignoreActiveValue: true,
      callbacks: { beforeAttributeUpdated: keep, beforeNodeRemoved: (node) => !(node.classList && node.classList.contains("copy")) },
    });
    dress();
    if (log && atEnd) log.scrollTop = log.scrollHeight;
  };
  const refresh = async () => {
    if (asking) return;
    const abort = (asking = new AbortController()), late = setTimeout(() => abort.abort(), 10000);
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const response = await fetch(location.href, { headers, cache: "no-store", signal: abort.signal, redirect: "follow" });
      if (response.redirected) return location.reload(); // signed out
      if (response.status !== 304) {
        if (!response.ok) throw new Error(response.status);
        etag = response.headers.get("ETag");
        morph(await response.text());
      }
      failures = 0;
      seen = Date.now();
    } catch { failures += 1; } finally {
      clearTimeout(late);
      asking = null;
    }
    lost.hidden = failures < 3;
    document.body.classList.toggle("stale", failures >= 3);
    if (failures >= 3) put($("[data-lost-age]"), duration((Date.now() - seen) / 1000));
  };
  const plan = () => {
    clearTimeout(timer);
    const seconds = Number(interval.value);
    control.classList.toggle("off", !seconds);
    if (!seconds || document.hidden || main.dataset.live === "off") return;
    timer = setTimeout(async () => { await refresh(); plan(); }, seconds * 1000 * (failures >= 3 ? 2 : 1));
  };
  interval.value = stored("simmer.interval") || "2";
  if (interval.selectedIndex < 0) interval.value = "2";
  interval.addEventListener("change", () => { stored("simmer.interval", interval.value); plan(); });
  document.addEventListener("visibilitychange", async () => { if (!document.hidden && interval.value !== "0") await refresh(); plan(); });
  control.hidden = main.dataset.live === "off";

  // --- selection -------------------------------------------------------------------------------------
  const boxes = () => all("[data-selection] tbody input[type=checkbox]");
  const count = () => {
    const ticked = boxes().filter((box) => box.checked).length, label = $("[data-selected]"), every = $("[data-all]");
    if (!label) return;
    label.hidden = !ticked;
    put(label, `${ticked} selected`);
    if (every) {
      every.checked = ticked > 0 && ticked === boxes().length;
      every.indeterminate = ticked > 0 && !every.checked;
    }
  };
  const selectAll = (on) => { for (const box of boxes()) box.checked = on; count(); };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) selectAll(event.target.checked);
    else if (event.target.matches("[data-selection] input")) count();
  });

  // --- copying -----------------------------------------------------------------------------------------
  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // plain HTTP has no clipboard
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    put(button, "Copied");
    setTimeout(() => put(button, "Copy"), 1500);
  };
  const dress = () => {
    for (const source of all("[data-copy]")) {
      if (source.nextElementSibling && source.nextElementSibling.classList.contains("copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", () => copy(source.textContent, button));
      source.after(button);
    }
    for (const box of all("[data-all]")) box.hidden = false;
    count();
    tick();
  };

  // --- previews -------------------------------------------------------------------------------------
  let typing = 0;
  const preview = async (form) => {
    const body = new FormData(form);
    body.set("preview", "yes");
    try {
      const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(body) });
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      const result = $("[data-preview-result]", fresh);
      if (result) $("[data-preview-result]", form).replaceChildren(...result.childNodes);
    } catch { /* the button shows it all the same */ }
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-preview]");
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => preview(form), 300);
  });

  // --- keys ---------------------------------------------------------------------------------------------
  const hasShortcuts = "shortcuts" in document.body.dataset;
  const sheet = $("[data-sheet]"), help = $("[data-help]");
  let before = "";
  const rows = () => all("main tbody tr");
  const here = () => $("main tr.here");
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(here()), next = list[Math.min(list.length - 1, Math.max(0, at + step))];
    for (const row of list) row.classList.toggle("here", row === next);
    const link = $("a[href]", next);
    if (link) link.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const press = (key) => {
    const target = $(`main [data-key="${key}"]`);
    if (target) target.click();
  };
  const keys = {
    "?": () => sheet.showModal(),
    "/": () => { const field = $("[data-filter]"); if (field) field.focus(); },
    j: () => move(1),
    k: () => move(-1),
    x: () => { const box = here() && $("input[type=checkbox]", here()); if (box) { box.checked = !box.checked; count(); } },
    A: () => selectAll(boxes().some((box) => !box.checked)),
    r: () => { interval.value = interval.value === "0" ? "2" : "0"; interval.dispatchEvent(new Event("change")); },
    R: () => press("R"), C: () => press("C"), D: () => press("D"),
  };
  document.addEventListener("keydown", (event) => {
    if (!hasShortcuts || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (sheet.open) return;
    if (before === "g") {
      before = "";
      const link = $(`.top nav [data-key="${event.key}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === "g") { before = "g"; setTimeout(() => (before = ""), 1200); return; }
    const action = keys[event.key];
    if (action) { event.preventDefault(); action(); }
  });
  help.hidden = !hasShortcuts;
  help.addEventListener("click", () => sheet.showModal());

  // Where tabs scroll, on a phone, the one in force is to be seen.
  for (const tab of all(".tabs [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft;
  setInterval(tick, 1000);
  dress();
  plan();
})();
