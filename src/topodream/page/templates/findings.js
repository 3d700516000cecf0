// Findings: those of some verdicts alone.

const verdicts = $("#verdicts");

prepared.push(() => {
  verdicts?.addEventListener("change", () => {
    const address = new URLSearchParams({ view: "findings" });
    const chosen = $$("input:checked", verdicts).map((box) => box.name);
    if (chosen.length > 0) address.set("verdict", chosen.join());
    history.replaceState(null, "", `#${address}`);
    drawFindings(chosen);
  });
});
onShown.set("view=findings", (address) => {
  const chosen = (address.get("verdict") ?? "").split(",");
  const boxes = $$("input", verdicts);
  for (const box of boxes) box.checked = chosen.includes(box.name);
  drawFindings(boxes.filter((box) => box.checked).map((box) => box.name));
});

// Of the chosen verdicts, or all where none is chosen.
function drawFindings(chosen) {
  const all = $$(".finding");
  for (const one of all) {
    one.hidden = chosen.length > 0 && !chosen.includes(one.dataset.verdict);
  }
  const shown = all.filter((one) => !one.hidden).length;
  $("#findings-count").textContent = `${shown} of ${all.length} findings`;
}
