// Explanations where a word is met: of a measure, a verdict, a null. Without scripts the words are
// links to the view of all terms; here their text opens beside them, for pointers, fingers and keys.

const explained = $("#explained");

addEventListener("click", (event) => {
  const link = event.target.closest?.("a.term");
  const entry = link && document.getElementById(link.hash.slice(1));
  if (!entry || event.ctrlKey || event.metaKey || event.shiftKey || !explained.showPopover) return;
  if (explained.contains(link)) return; // from there it leads on
  event.preventDefault();
  const all = h("p", {}, h("a", { href: link.hash }, "all terms"));
  explained.replaceChildren(...[...entry.children].map((child) => child.cloneNode(true)), all);
  link.after(explained); // the next to be reached by keyboard
  explained.showPopover();
  putBeside(link);
  explained.focus({ preventScroll: true }); // read out; closing leads back to the word
});
addEventListener("hashchange", () => explained.hidePopover?.());

// Below a word, or above it where there is no room; within the window.
function putBeside(link) {
  const word = link.getBoundingClientRect();
  const { width, height } = explained.getBoundingClientRect();
  const rim = 8;
  const left = Math.max(rim, Math.min(word.left, document.documentElement.clientWidth - width - rim));
  const fits = word.bottom + rim + height < innerHeight;
  const top = fits ? word.bottom + rim : Math.max(rim, word.top - rim - height);
  Object.assign(explained.style, { left: `${left + scrollX}px`, top: `${top + scrollY}px` });
}
