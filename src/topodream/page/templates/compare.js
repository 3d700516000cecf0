// The comparison of two maps.


const pair = $("#pair").elements;

prepared.push(() => {
  const fill = (select, names) => select.append(...names.map((name) => option(name)));
  const go = (one, other) => { location.hash = `compare=${one},${other}`; };
  // A choice leads nowhere before it is confirmed: arrow keys try one after another.
  const onSubmit = (form, then) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      then();
    };
  };
  const names = study.experiments.map((one) => one.name);
  for (const select of [pair.one, pair.other]) fill(select, names);
  onSubmit($("#pair"), () => go(pair.one.value, pair.other.value));
  $("#swap").onclick = () => go(pair.other.value, pair.one.value);
  for (const form of $$("form[data-with]")) {
    const select = $("select", form);
    fill(select, names.filter((name) => name !== form.dataset.with));
    onSubmit(form, () => {
      if (select.value) go(form.dataset.with, select.value);
    });
  }
  for (const box of $$("[data-pick]")) box.onchange = () => drawTray(box);
});
onShown.set("view=compare", (address) => compare(...(address.get("compare") ?? "").split(",")));

// Two maps ticked in the overview can be compared; a third takes the place of the first.
const picked = [];

function drawTray(box) {
  const name = box.dataset.pick;
  if (box.checked) picked.push(name);
  else picked.splice(picked.indexOf(name), 1);
  if (picked.length > 2) $(`[data-pick="${picked.shift()}"]`).checked = false;
  const [one, other] = picked;
  // The next to be reached by keyboard is what one ticks two maps for.
  for (const link of $$(".pick-with")) link.remove();
  for (const name of other === undefined ? [] : picked) {
    const href = `#compare=${name},${name === one ? other : one}`;
    const link = h("a", { className: "pick-with", href }, `with ${name === one ? other : one}`);
    $(`[data-pick="${name}"]`).parentElement.after(link);
  }
  const tray = $("#tray");
  tray.hidden = picked.length === 0;
  tray.replaceChildren(other === undefined
    ? `${one}: tick another map to compare it with.`
    : h("a", { href: `#compare=${one},${other}` }, `Compare ${one} with ${other}`));
}

function compare(...names) {
  const [a, b] = names.map((name) => byName.get(name));
  pair.one.value = a?.name ?? "";
  pair.other.value = b?.name ?? "";
  const place = $("#comparison");
  if (!a || !b) {
    place.replaceChildren(h("p", {}, "Choose two maps."));
  } else {
    document.title = `${a.name} and ${b.name}: topodream`;
    place.replaceChildren(
      h("h2", {}, "What differs in their settings"), settingsThatDiffer(a, b),
      h("h2", {}, "Measures"), measuresBeside(a, b),
      h("h2", {}, "Pictures"), ...picturesBeside(a, b));
  }
  mountPlayers(current);
}

function scrolling(label, ...children) {
  const properties = { className: "scroll", tabIndex: 0, role: "region", ariaLabel: label };
  return h("div", properties, ...children);
}

function headOf(first, a, b, ...more) {
  const properties = { scope: "col", className: more.length ? "number" : "" };
  const named = [a, b].map((one) =>
    h("th", properties, h("a", { href: `#${one.name}` }, one.name), " ", badge(one)));
  return h("thead", {}, h("tr", {}, h("th", { scope: "col" }, first), ...named, ...more));
}

function settingsThatDiffer(a, b) {
  const keys = [...new Set([...Object.keys(a.settings), ...Object.keys(b.settings)])]
    .filter((key) => key !== "name" && a.settings[key] !== b.settings[key]);
  if (keys.length === 0) return h("p", {}, "Nothing: the two were trained with the same settings.");
  const rows = keys.map((key) => h("tr", {}, h("th", { scope: "row" }, key),
    ...[a, b].map((one) => h("td", {}, one.settings[key] ?? "-"))));
  return scrolling("Settings that differ",
    h("table", { id: "differences" }, headOf("setting", a, b), h("tbody", {}, ...rows)));
}

function measuresBeside(a, b) {
  const groups = [...measureGroups].map(([group, names]) => {
    // What only one of the models has is left out for two of the other.
    const known = names.filter((name) => [a, b].some((one) => one.values[name] !== null));
    const heading = h("tr", {}, h("th", { scope: "rowgroup", colSpan: 4 }, group));
    const rows = known.map((name) => measureRow(a, b, name));
    return h("tbody", { hidden: known.length === 0 }, heading, ...rows);
  });
  const last = h("th", { scope: "col", className: "number" }, "difference");
  const head = headOf("measure", a, b, last);
  return h("div", {},
    scrolling("Measures side by side", h("table", { id: "beside" }, head, ...groups)),
    h("p", { className: "soft" }, "✓: the better of the two, where less or more is better."));
}

function measureRow(a, b, name) {
  const { label, meaning, form, better } = study.measures[name];
  const [one, other] = [a.values[name], b.values[name]];
  const more = one === null || other === null ? null : other - one;
  const best = more && better && ((more > 0) === (better === "higher") ? b : a);
  const cells = [a, b].map((each) => h("td", { className: "number" }, each === best
    ? h("strong", { title: "the better one" }, `✓ ${each.shown[name]}`) : each.shown[name]));
  const row = h("tr", {}, h("th", { scope: "row" }, h("a", { className: "term", href: `#term=${name}` }, label),
    h("small", {}, meaning)), ...cells,
    h("td", { className: "number" }, more === null ? "-" : difference(more, form)));
  row.dataset.measure = name;
  return row;
}

// Pictures of the same kind next to each other; what one of them lacks is said to be lacking.
function picturesBeside(a, b) {
  const figures = [a, b].map((one) => new Map($$("figure", document.getElementById(one.name))
    .map((figure) => [figure.dataset.kind, figure])));
  const kinds = new Set(figures.flatMap((own) => [...own.keys()]));
  const absent = () => h("p", { className: "soft" }, "has no such picture");
  const shown = (kind) => [a, b].map((one, side) =>
    h("div", {}, h("h3", {}, one.name), figures[side].get(kind)?.cloneNode(true) ?? absent()));
  return [...kinds].map((kind) => h("div", { className: "pairing" }, ...shown(kind)));
}
