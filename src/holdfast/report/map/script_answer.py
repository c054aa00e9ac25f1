"""What the page's script listens to: views, size, address, search, pointer and keys."""

ANSWER = r"""
const pictures = new Map();
const select_ = byId("view");
const firstView = select_.value;
let shownView = firstView;
let zoom = 1;
const wide = matchMedia("(min-width: 1800px), (max-width: 900px)");

function show(value) {
  if (value !== shownView) {
    pictures.set(shownView, stage.querySelector("svg"));
    if (!pictures.has(value)) {
      const template = [...document.querySelectorAll("template")].find((each) => each.dataset.view === value);
      if (!template) return;
      pictures.set(value, template.content.querySelector("svg"));
    }
    trace(null);
    stage.replaceChildren(pictures.get(value));
    shownView = value;
    select_.value = value;
  }
  paint();
  fit(false);
  mark();
  if (at) about();
  keep();
}

function sizeOf() {
  const [, , width, height] = stage.querySelector("svg").getAttribute("viewBox").split(" ").map(Number);
  return [width, height];
}

// Scale, and keep what was under (x, y) of the stage there.
function resize(scale, x, y) {
  const [width, height] = sizeOf();
  const next = Math.min(3, Math.max(0.15, scale));
  const px = (stage.scrollLeft + x) / zoom;
  const py = (stage.scrollTop + y) / zoom;
  zoom = next;
  const svg = stage.querySelector("svg");
  svg.setAttribute("width", Math.floor(width * zoom));
  svg.setAttribute("height", Math.floor(height * zoom));
  stage.scrollLeft = px * zoom - x;
  stage.scrollTop = py * zoom - y;
}

// The whole map if it stays readable; else its width; and where not even that can be read, most of its natural size.
function fit(whole) {
  const [width, height] = sizeOf();
  const wideScale = stage.clientWidth / width;
  const wholeScale = Math.min(wideScale, stage.clientHeight / height);
  const readable = wholeScale >= 0.75 ? wholeScale : wideScale >= 0.5 ? wideScale : 0.85;
  resize(Math.min(1.35, whole ? wholeScale : readable), 0, 0);
  stage.scrollTo(0, 0);
}

function middle(factor) {
  resize(zoom * factor, stage.clientWidth / 2, stage.clientHeight / 2);
}

function nameOf(thing) {
  return (siteAt.has(model.things[thing].k) ? "resource/" : "") + model.things[thing].k;
}

function targetNamed(name) {
  if (siteAt.has(name)) return {site: siteAt.get(name)};
  const thing = thingAt.get(name.startsWith("resource/") ? name.slice(9) : name);
  return thing === undefined ? null : {thing};
}

function keep() {
  const parts = [];
  const names = [...[...failed.sites].map((site) => model.sites[site].n), ...[...failed.things].map(nameOf)];
  if (names.length || stated) parts.push("fail=" + names.map(encodeURIComponent).join(","));
  const [sort, ...rest] = shownView.split("/");
  if (sort === "service") parts.push("focus=" + encodeURIComponent(rest.join("/")));
  else if (shownView !== firstView) parts.push("by=" + encodeURIComponent(sort));
  if (at && at.site !== undefined) parts.push("at=" + encodeURIComponent(model.sites[at.site].n));
  else if (at && at.thing !== undefined) parts.push("at=" + encodeURIComponent(nameOf(at.thing)));
  const wanted = parts.length ? "#" + parts.join("&") : location.pathname + location.search;
  if (parts.length ? location.hash !== wanted : location.hash) history.replaceState(null, "", wanted);
}

function restore() {
  const given = new Map(location.hash.slice(1).split("&").map((part) => {
    const [name, ...rest] = part.split("=");
    try {
      return [name, rest.join("=").split(",").filter(Boolean).map(decodeURIComponent)];
    } catch {
      return [name, []];
    }
  }));
  if (!["fail", "focus", "by", "at"].some((name) => given.has(name))) return;
  if (given.has("fail")) {
    failed.things.clear();
    failed.sites.clear();
    for (const target of given.get("fail").map(targetNamed)) {
      if (target && canFail(target)) (target.site !== undefined ? failed.sites : failed.things).add(
        target.site !== undefined ? target.site : target.thing);
    }
  }
  const focus = given.get("focus");
  const by = given.get("by");
  at = given.has("at") && given.get("at").length ? targetNamed(given.get("at")[0]) : null;
  show(focus && focus.length ? "service/" + focus[0] : by && by.length ? by[0] : firstView);
  about();
  mark();
  if (at) open(true);
}

const search = byId("search");
const found = byId("found");
let choice = -1;

function matches() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const all = [
    ...model.things.map((thing, number) => [{thing: number}, thing.t, thing.n, kindOf(thing), thing.h || ""]),
    ...model.sites.map((site, number) => [{site: number}, site.t, site.n, "site", ""]),
  ];
  const scored = [];
  for (const [target, title, name, kind, where] of all) {
    const text = `${title} ${name} ${kind} ${where}`.toLowerCase();
    if (words.every((word) => text.includes(word))) {
      const begins = [title, name].map((each) => each.toLowerCase());
      const whole = search.value.trim().toLowerCase();
      const early = begins.includes(whole) ? 0 : begins.some((each) => each.startsWith(words[0])) ? 1 : 2;
      scored.push([early, scored.length, target, title, `${name} · ${kind}${where ? " · " + where : ""}`]);
    }
  }
  return scored.sort((one, other) => one[0] - other[0] || one[1] - other[1]).slice(0, 9);
}

function suggest() {
  const rows = matches();
  choice = rows.length ? 0 : -1;
  found.replaceChildren(...rows.map(([, , target, title, note], number) => make("li",
    {role: "option", id: "f" + number, "aria-selected": String(number === choice),
      click: () => pick(target)}, title, make("br"), make("small", {}, note))));
  if (search.value.trim() && !rows.length) found.replaceChildren(make("li", {role: "option"}, "Nothing of that name."));
  found.hidden = !search.value.trim();
  search.setAttribute("aria-expanded", String(!found.hidden));
  found.picks = rows.map(([, , target]) => target);
  choose(choice);
}

function choose(number) {
  choice = number;
  [...found.children].forEach((row, each) => row.setAttribute("aria-selected", String(each === choice)));
  if (choice >= 0) search.setAttribute("aria-activedescendant", "f" + choice);
  else search.removeAttribute("aria-activedescendant");
}

function pick(target) {
  if (!target) return;
  search.value = "";
  suggest();
  if (!elementOf(target)) show(firstView);
  open(true);
  select(target, true);
}

function reset() {
  if (at === null && !failed.things.size && !failed.sites.size) {
    show(firstView);
    fit(false);
  }
  failed.things.clear();
  failed.sites.clear();
  search.value = "";
  suggest();
  trace(null);
  select(null);
  open(false);
  paint();
  keep();
}
"""

LISTEN = r"""
let held = null;
let moved = false;
const stated = model.failed.length > 0;

stage.addEventListener("click", (event) => {
  const target = targetOf(event.target);
  if (target) event.preventDefault();
  // A click that ends a drag is none; one made by a key has no count, and is one whatever was dragged before.
  if ((moved && event.detail) || event.ctrlKey || event.metaKey) return;
  if (!target) return select(null);
  if (canFail(target) && !event.shiftKey) toggle(target);
  select(target, false);
  if (!canFail(target) || event.shiftKey) open(true);
});
stage.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch" && !held) trace(thingsOf(targetOf(event.target)));
});
stage.addEventListener("pointerleave", () => trace(null));
stage.addEventListener("focusin", (event) => trace(thingsOf(targetOf(event.target))));
stage.addEventListener("focusout", () => trace(null));
stage.addEventListener("pointerdown", (event) => {
  moved = false;
  if (event.button === 0 && event.pointerType === "mouse") {
    held = [event.clientX, event.clientY, stage.scrollLeft, stage.scrollTop];
  }
});
addEventListener("pointermove", (event) => {
  if (!held) return;
  const [x, y, left, top] = held;
  if (!moved && Math.abs(event.clientX - x) + Math.abs(event.clientY - y) < 6) return;
  moved = true;
  stage.classList.add("held");
  stage.scrollLeft = left - (event.clientX - x);
  stage.scrollTop = top - (event.clientY - y);
});
addEventListener("pointerup", () => {
  held = null;
  stage.classList.remove("held");
});
stage.addEventListener("dragstart", (event) => event.preventDefault());
stage.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const frame = stage.getBoundingClientRect();
  resize(zoom * Math.exp(-event.deltaY / 400), event.clientX - frame.left, event.clientY - frame.top);
}, {passive: false});
addEventListener("keydown", (event) => {
  const typing = event.target === search || event.target === select_;
  if (event.key === "Escape") {
    if (typing) {
      search.value = "";
      suggest();
      event.target.blur();
    } else if (at) close();
    else reset();
  } else if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
    } else if (event.key === "+" || event.key === "=") middle(1.2);
    else if (event.key === "-") middle(1 / 1.2);
    else if (event.key === "0") fit(true);
    else if (event.key === " " && targetOf(event.target)) {
      event.preventDefault();
      event.target.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
    }
  }
});
search.addEventListener("input", suggest);
search.addEventListener("keydown", (event) => {
  const picks = found.picks || [];
  if (event.key === "ArrowDown") choose(Math.min(choice + 1, picks.length - 1));
  else if (event.key === "ArrowUp") choose(Math.max(choice - 1, 0));
  else if (event.key === "Enter") pick(picks[choice]);
  else return;
  event.preventDefault();
});
search.addEventListener("blur", () => setTimeout(() => { found.hidden = true; }, 150));
select_.addEventListener("change", () => show(select_.value));
byId("smaller").addEventListener("click", () => middle(1 / 1.2));
byId("larger").addEventListener("click", () => middle(1.2));
byId("fit").addEventListener("click", () => fit(true));
byId("reset").addEventListener("click", reset);
byId("details").addEventListener("click", () => open(byId("panel").hidden));
byId("services").addEventListener("click", (event) => {
  const item = event.target.closest("a");
  if (!item) return;
  event.preventDefault();
  select({thing: Number(item.closest("li").getAttribute("data-n"))}, true);
});
wide.addEventListener("change", () => open(false));
addEventListener("hashchange", restore);

document.documentElement.classList.add("script");
byId("tools").hidden = false;
byId("keys").hidden = false;
for (const name of model.failed) {
  const target = targetNamed(name);
  if (target) (target.site !== undefined ? failed.sites : failed.things).add(
    target.site !== undefined ? target.site : target.thing);
}
open(false);
paint();
fit(false);
restore();
"""
