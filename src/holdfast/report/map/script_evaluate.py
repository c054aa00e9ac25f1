"""The what-if in the page: the same evaluation as ``holdfast.analysis.what_if``, which a test holds equal to it."""

EVALUATE = r"""
// What falls when these have failed. `failed` is {things: [position, …], sites: [position, …]}.
// Counting from below finds the smallest set of gates that must be down; what is left is the largest that functions.
function evaluate(model, failed) {
  const byHand = new Set();
  for (const site of failed.sites) for (const thing of model.sites[site].m) byHand.add(thing);
  for (const thing of failed.things) {
    byHand.add(thing);
    for (const member of model.things[thing].m || []) byHand.add(member);
  }
  const hits = new Set(byHand);
  for (const thing of byHand) for (const other of model.things[thing].x || []) hits.add(other);
  const down = fallen(model, [...hits].map((thing) => model.things[thing].g));
  const things = model.things.map((thing, at) => {
    if (byHand.has(at)) return "failed";
    if (thing.w) return ofService(thing, down);
    if (down.has(thing.g)) return "down";
    return (thing.m || []).some((member) => down.has(model.things[member].g)) ? "degraded" : "up";
  });
  const lost = (at) => things[at] === "down" || things[at] === "failed";
  const sites = model.sites.map((site, at) => {
    if (failed.sites.includes(at)) return "failed";
    return site.m.some(lost) ? "degraded" : "up";
  });
  const edges = model.edges.map((edge) => carries(model, edge, things, down, hits));
  return {things, sites, edges};
}

function fallen(model, hits) {
  if (!model.parents) {
    model.parents = model.gates.map(() => []);
    model.gates.forEach((gate, at) => { for (const child of gate.slice(1)) model.parents[child].push(at); });
  }
  const down = new Set([...hits, ...model.never]);
  const waiting = [...down];
  const counted = new Map();
  while (waiting.length) {
    for (const above of model.parents[waiting.pop()]) {
      const lost = (counted.get(above) || 0) + 1;
      counted.set(above, lost);
      if (lost >= model.gates[above][0] && !down.has(above)) {
        down.add(above);
        waiting.push(above);
      }
    }
  }
  return down;
}

function better(thing, down) {
  const end = thing.w.findIndex(([gate, enough]) => enough && !down.has(gate));
  return thing.w.slice(0, end < 0 ? thing.w.length : end).map(([gate]) => gate);
}

function ofService(thing, down) {
  const best = thing.w.findIndex(([gate, enough]) => enough && !down.has(gate));
  return best < 0 ? "down" : best > 0 ? "degraded" : "up";
}

function carries(model, [source, target, bond, , ...chains], things, down, hits) {
  if ((things[target] !== "down" && things[target] !== "failed") || things[source] === "up") return null;
  if (bond === "contract") return hits.has(source) && hits.has(target) ? "down" : null;
  let lost = chains.filter((chain) => chain.every((gate) => down.has(gate)));
  if (bond === "member") return lost.length ? "down" : "degraded";
  if (model.things[source].w) {
    const modes = better(model.things[source], down);
    lost = lost.filter((chain) => modes.includes(chain[0]));
    return lost.length ? (things[source] === "degraded" ? "degraded" : "down") : null;
  }
  return lost.length ? "down" : null;
}
"""
