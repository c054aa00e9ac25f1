"""What the page's script shows: it paints what ``script_evaluate`` finds, follows the pointer, and tells in a panel."""

PAINT = r"""
const model = JSON.parse(document.getElementById("model").textContent);
const byId = (id) => document.getElementById(id);
const stage = byId("stage");
const CONDITIONS = ["up", "degraded", "down", "failed"];
const siteAt = new Map(model.sites.map((site, at) => [site.n, at]));
const thingAt = new Map(model.things.map((thing, at) => [thing.k, at]));
const below = model.things.map(() => []);
const above = model.things.map(() => []);
model.edges.forEach(([source, target], at) => { below[source].push(at); above[target].push(at); });
const failed = {things: new Set(), sites: new Set()};
let result = null;
let at = null;

function make(tag, attributes, ...children) {
  const svg = tag === "svg" || tag === "use";
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "click") element.addEventListener("click", value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function numbers(element, name) {
  const text = element.getAttribute(name);
  return text ? text.split(",").map(Number) : [];
}

const isLost = (condition) => condition === "down" || condition === "failed";

function ofMany(things) {
  const found = things.map((thing) => result.things[thing]);
  if (found.length === 1) return found[0];
  return found.every(isLost) ? "down" : found.every((condition) => condition === "up") ? "up" : "degraded";
}

function evaluateNow() {
  return evaluate(model, {things: [...failed.things], sites: [...failed.sites]});
}

function setCondition(element, condition) {
  element.classList.remove(...CONDITIONS);
  if (condition) element.classList.add(condition);
}

function retell(element, word) {
  const title = element.querySelector("title");
  const told = title.textContent.slice(0, title.textContent.lastIndexOf("; ") + 2) + word;
  title.textContent = told;
  element.setAttribute("aria-label", told);
}

function paintNode(node) {
  const things = numbers(node, "data-n");
  const condition = ofMany(things);
  setCondition(node, condition);
  setMarks(node, condition);
  const line = node.querySelector("text.word");
  if (line) line.textContent = model.words[condition];
  const told = things.length > 1 ? standingOf(things) : model.words[condition];
  retell(node, told);
  const count = node.querySelector(".away");
  if (count) count.textContent = condition === "up" ? count.getAttribute("data-note") : told;
}

function standingOf(things) {
  const lost = things.filter((thing) => isLost(result.things[thing])).length;
  const less = things.filter((thing) => result.things[thing] === "degraded").length;
  return lost || less ? `${lost || less} of ${things.length} ${lost ? "down" : "degraded"}` : "all available";
}

function setMarks(element, condition) {
  const [mark, word] = element.querySelectorAll("use");
  mark.setAttribute("href", "#mark-" + condition);
  if (word) word.setAttribute("href", "#word-" + condition);
}

function paintHeading(heading) {
  const condition = result.sites[Number(heading.getAttribute("data-s"))];
  setCondition(heading, condition);
  setMarks(heading, condition);
  retell(heading, model.words[condition]);
}

function paintLines(svg) {
  const carrying = [];
  for (const line of svg.querySelectorAll(".l[data-l]")) {
    const found = numbers(line, "data-l").map((edge) => result.edges[edge]);
    const condition = found.includes("down") ? "down" : found.includes("degraded") ? "degraded" : null;
    setCondition(line, condition);
    if (condition) carrying.push([condition, line]);
  }
  // What carries a loss lies on top of what does not, and what takes something down on top of all.
  carrying.sort(([one], [other]) => CONDITIONS.indexOf(one) - CONDITIONS.indexOf(other));
  for (const [, line] of carrying) line.parentNode.append(line);
}

function paint() {
  result = evaluateNow();
  const svg = stage.querySelector("svg");
  svg.querySelectorAll("[data-n]").forEach(paintNode);
  svg.querySelectorAll("[data-s]").forEach(paintHeading);
  paintLines(svg);
  svg.classList.toggle("failing", failed.things.size + failed.sites.size > 0);
  model.things.forEach((thing, number) => {
    const word = document.querySelector("#t" + number + " .word");
    setCondition(word, result.things[number]);
    word.textContent = model.words[result.things[number]];
  });
  byId("services").querySelectorAll("li").forEach((item) => {
    const condition = result.things[Number(item.getAttribute("data-n"))];
    item.querySelector("use").setAttribute("href", "#mark-" + condition);
    const word = item.querySelector(".word");
    setCondition(word, condition);
    word.textContent = model.words[condition];
  });
  tell();
}

function amount(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}

function failedTitles() {
  const named = [...[...failed.sites].map((site) => [model.sites[site].n, model.sites[site].t]),
    ...[...failed.things].map((thing) => [model.things[thing].n, model.things[thing].t])];
  // In the order of their names, as texts are ordered everywhere else.
  named.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return named.map(([, title]) => title);
}

function joined(titles) {
  const more = titles.length - 3;
  if (more > 0) return `${titles.slice(0, 3).join(", ")} and ${more.toLocaleString("en")} more`;
  return titles.length > 1 ? `${titles.slice(0, -1).join(", ")} and ${titles[titles.length - 1]}` : titles[0];
}

function tell() {
  const services = model.things.map((thing, number) => [thing, result.things[number]]).filter(([thing]) => thing.w);
  const down = services.filter(([, condition]) => condition === "down").length;
  const degraded = services.filter(([, condition]) => condition === "degraded").length;
  const lost = model.things.filter((thing, number) => thing.s === "resource" && isLost(result.things[number])).length;
  const titles = failedTitles();
  const fallen = titles.length
    ? `If ${joined(titles)} failed: ${down} of ${amount(services.length, "service")} down, ${degraded} degraded; ` +
      `${amount(lost, "resource")} down.`
    : `Nothing is failed. ${amount(services.length, "important business service")}.`;
  const [sort, ...name] = shownView.split("/");
  const own = sort === "service" ? thingAt.get("service:" + name.join("/")) : undefined;
  byId("told").textContent = fallen +
    (own === undefined ? "" : ` ${model.things[own].t}: ${model.words[result.things[own]]}.`);
  byId("moment").hidden = !titles.length;
  setCondition(byId("state"), down ? "down" : degraded ? "degraded" : "up");
}
"""

FOLLOW = r"""
function closure(things, edges, end) {
  const found = new Set(things);
  const waiting = [...found];
  while (waiting.length) {
    for (const edge of edges[waiting.pop()]) {
      const next = model.edges[edge][end];
      if (!found.has(next)) {
        found.add(next);
        waiting.push(next);
      }
    }
  }
  return found;
}

function trace(things) {
  const svg = stage.querySelector("svg");
  svg.classList.toggle("tracing", things !== null);
  svg.querySelectorAll(".lit").forEach((element) => element.classList.remove("lit", "below", "above"));
  if (things === null) return;
  const own = new Set(things);
  const under = closure(things, below, 1);
  const over = closure(things, above, 0);
  const light = (element, low, high) => {
    if (low || high) element.classList.add("lit", low ? "below" : "above");
  };
  for (const node of svg.querySelectorAll("[data-n]")) {
    const here = numbers(node, "data-n");
    if (here.some((thing) => own.has(thing))) node.classList.add("lit");
    else light(node, here.some((thing) => under.has(thing)), here.some((thing) => over.has(thing)));
  }
  for (const line of svg.querySelectorAll(".l[data-l]")) {
    const ends = numbers(line, "data-l").map((edge) => model.edges[edge]);
    light(line, ends.some(([source, target]) => under.has(source) && under.has(target)),
      ends.some(([source, target]) => over.has(source) && over.has(target)));
  }
  for (const heading of svg.querySelectorAll("[data-s]")) {
    const members = model.sites[Number(heading.getAttribute("data-s"))].m;
    if (members.some((thing) => under.has(thing) || over.has(thing))) heading.classList.add("lit");
  }
}

// What an element of the map stands for: {site}, {thing}, or {things} of a pile.
function targetOf(element) {
  const node = element.closest && element.closest("[data-n], [data-s]");
  if (!node || !stage.contains(node)) return null;
  if (node.hasAttribute("data-s")) return {site: Number(node.getAttribute("data-s"))};
  const things = numbers(node, "data-n");
  return things.length > 1 ? {things} : {thing: things[0]};
}

function thingsOf(target) {
  if (!target) return null;
  if (target.site !== undefined) return model.sites[target.site].m;
  return target.things || [target.thing];
}

function toggle(target) {
  const [set, member] = target.site !== undefined ? [failed.sites, target.site] : [failed.things, target.thing];
  if (set.has(member)) set.delete(member);
  else set.add(member);
  paint();
  keep();
}

function canFail(target) {
  return target.site !== undefined || (target.thing !== undefined && !model.things[target.thing].w);
}

function mark() {
  const svg = stage.querySelector("svg");
  svg.querySelectorAll(".at").forEach((element) => element.classList.remove("at"));
  const element = at && elementOf(at);
  if (element) element.classList.add("at");
}

function elementOf(target) {
  const svg = stage.querySelector("svg");
  if (target.site !== undefined) return svg.querySelector(`[data-s="${target.site}"]`);
  const wanted = target.things ? target.things[0] : target.thing;
  return [...svg.querySelectorAll("[data-n]")].find((node) => numbers(node, "data-n").includes(wanted)) || null;
}

function select(target, show) {
  at = target;
  mark();
  about();
  keep();
  const element = show && target && elementOf(target);
  if (element) {
    const box = element.getBoundingClientRect();
    const frame = stage.getBoundingClientRect();
    stage.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
    stage.scrollTop += box.top - frame.top - (frame.height - box.height) / 2;
    element.focus({preventScroll: true});
    trace(thingsOf(target));
  }
}
"""

TELL = r"""
function dot(condition) {
  return make("svg", {class: "dot map", viewBox: "-8 -8 16 16", "aria-hidden": "true"},
    make("use", {href: "#mark-" + condition}));
}

function listed(title, things, noteOf) {
  if (!things.length) return null;
  const rows = things.map((thing) => make("li", {}, dot(result.things[thing]),
    make("button", {type: "button", class: "go", click: () => select({thing}, true)}, model.things[thing].t),
    noteOf ? make("span", {class: "by"}, noteOf(thing))
      : make("span", {class: "by word " + result.things[thing]}, model.words[result.things[thing]])));
  return make("div", {}, make("h3", {}, title), make("ul", {}, ...rows));
}

function direct(thing, edges, end) {
  return [...new Set(edges[thing].map((edge) => model.edges[edge][end]))];
}

function consequence(target) {
  const only = target.site !== undefined ? {things: [], sites: [target.site]} : {things: [target.thing], sites: []};
  const alone = evaluate(model, only).things;
  const fallen = [];
  model.things.forEach((thing, number) => {
    if (thing.w && alone[number] !== "up") fallen.push([number, alone[number]]);
  });
  const title = "If it alone fails";
  const told = make("div", {}, make("h3", {}, title));
  if (fallen.length) {
    told.append(make("ul", {}, ...fallen.map(([number, condition]) => make("li", {}, dot(condition),
      make("button", {type: "button", class: "go", click: () => select({thing: number}, true)},
        model.things[number].t), make("span", {class: "by word " + condition}, model.words[condition])))));
  } else {
    told.append(make("p", {}, "No important business service is down or degraded."));
  }
  const own = target.site !== undefined ? failed.sites.has(target.site) : failed.things.has(target.thing);
  const others = failed.things.size + failed.sites.size > Number(own);
  told.append(make("p", {}, make("small", {}, (others ? "Without what else is failed now. " : "") +
    byId("moment").textContent)));
  return told;
}

function actions(target) {
  const buttons = [];
  if (canFail(target)) {
    const is = target.site !== undefined ? failed.sites.has(target.site) : failed.things.has(target.thing);
    buttons.push(make("button", {type: "button", class: is ? null : "danger",
      click: () => { toggle(target); about(); }}, is ? "Bring it back" : "Fail it"));
  } else if (target.thing !== undefined) {
    const value = "service/" + model.things[target.thing].n;
    const shown = byId("view").value === value;
    buttons.push(make("button", {type: "button", click: () => show(shown ? firstView : value)},
      shown ? "Show everything" : "Show only what it stands on"));
  }
  return make("div", {class: "actions"}, ...buttons);
}

function kindOf(thing) {
  return thing.s === "group" ? `${thing.d} group` : thing.d;
}

function facts(rows) {
  const list = make("dl", {});
  for (const [name, value] of rows) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
  return list;
}

function about() {
  const panel = byId("about");
  panel.replaceChildren();
  byId("first").hidden = at !== null;
  panel.hidden = at === null;
  if (at === null) return;
  panel.append(make("button", {type: "button", class: "close", "aria-label": "Close", click: close}, "×"));
  if (at.things) return aboutPile(panel, at.things);
  if (at.site !== undefined) return aboutSite(panel, at.site);
  const thing = model.things[at.thing];
  const condition = result.things[at.thing];
  panel.append(make("h2", {}, thing.t), make("span", {class: "word " + condition}, model.words[condition]));
  const enough = thing.s === "group" ? `, ${thing.e} of ${thing.m.length} must function` : "";
  panel.append(facts([["Name", thing.n], ["Kind", kindOf(thing) + enough],
    ["Site", thing.h], ["Owner", thing.o], ["Tier", thing.r], ["Tolerance", thing.u && "unapproved"]]));
  panel.append(actions(at));
  if (!thing.w) panel.append(consequence(at));
  const how = new Map(below[at.thing].map((edge) => model.edges[edge]).map((edge) => [edge[1], bond(thing, edge)]));
  const parts = [
    listed("Stands on", direct(at.thing, below, 1), (other) => how.get(other)),
    listed("Stands on it", direct(at.thing, above, 0)),
  ];
  panel.append(...parts.filter(Boolean));
  if (thing.q) {
    panel.append(make("h3", {}, thing.q.length === 1 ? "1 weakness" : `${thing.q.length} weaknesses`));
    for (const sentence of thing.q) panel.append(make("p", {}, make("small", {}, sentence)));
  }
}

function bond(thing, [, , bond, alternative]) {
  if (bond === "member") return `member, ${thing.e} of ${thing.m.length}`;
  return bond === "contract" ? "subcontractor" : alternative ? "one of several" : "needed";
}

function aboutSite(panel, site) {
  const condition = result.sites[site];
  panel.append(make("h2", {}, model.sites[site].t), make("span", {class: "word " + condition}, model.words[condition]));
  panel.append(facts([["Name", model.sites[site].n], ["Kind", "site"]]), actions({site}), consequence({site}));
  const list = listed("Stands here", model.sites[site].m);
  if (list) panel.append(list);
}

function aboutPile(panel, things) {
  const element = elementOf({things});
  const title = element ? element.querySelector("title").textContent : "";
  panel.append(make("h2", {}, title.slice(0, title.lastIndexOf("; "))));
  const list = listed("In it", things);
  if (list) panel.append(list);
}

function close() {
  select(null);
  open(false);
}

function open(wanted) {
  byId("panel").hidden = !wanted && !wide.matches;
  byId("details").setAttribute("aria-expanded", String(!byId("panel").hidden));
  byId("details").hidden = wide.matches;
}
"""
