// The views: which is shown, by the address; its players.
//
// An address ends in #view=<view>&..., #<view>=<what of it>&... (#compare=a,b), #<experiment>, or
// #<part>=<name> of what lies in a view: finding=, sweep=, data=.

// What has something to do when its view is shown registers it: "view=..." -> function(address).
const onShown = new Map();
const prepared = []; // functions to call once, when all scripts are there

let players = [];
let current = null;
let lastFollowed = null; // the link by which the overview was left

function route() {
  const hash = location.hash.slice(1);
  const address = new URLSearchParams(hash);
  const [first] = address.keys();
  const named = address.has("view") ? `view=${address.get("view")}` : hash;
  const target = byName.has(hash) ? sectionOf(hash)
    : document.getElementById(`view=${first}`) ?? document.getElementById(named);
  const view = target?.closest(".view") ?? document.getElementById("view=overview");
  const before = current;
  showView(view);
  onShown.get(view.id)?.(address);
  if (before !== null && before !== current) arrive();
  if (!target || target === current) return;
  for (let box = target; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
  target.scrollIntoView();
}

function showView(view) {
  if (view !== current) {
    current?.classList.remove("current");
    view.classList.add("current");
    current = view;
    mountPlayers(view);
  }
  document.title = `${$("h1", view).textContent}: topodream`;
  const here = byName.has(view.id) ? "view=overview" : view.id;
  for (const link of $$("nav a")) link.ariaCurrent = link.dataset.view === here ? "page" : null;
}

// Who comes back to the overview goes on where they left it; elsewhere readers begin at the title.
function arrive() {
  scrollTo(0, 0);
  const links = current.id === "view=overview" ? $$("a:not([tabindex])", current) : [];
  const left = links.find((link) => link.hash === lastFollowed && link.checkVisibility());
  if (left) left.focus();
  else $("h1", current).focus({ preventScroll: true });
}

// Only the view that is shown has players: others hold neither bytes nor clocks.
function mountPlayers(view) {
  players.forEach((player) => player.remove());
  for (const still of $$(".on-paper")) still.remove();
  players = $$("figure[data-script]", view).map((figure) => new Player(figure));
  // On paper a GIF's first picture: browsers load it before they print, whatever was seen of it.
  for (const { figure, canvas } of players) {
    canvas.ariaDescription = figure.dataset.said;
    const gif = $("figcaption a[href$='.gif']", figure);
    if (gif === null || gif.closest(".site")) continue; // a site has none
    figure.prepend(h("img", { className: "on-paper", loading: "lazy", alt: "", src: gif.href }));
  }
}

// ---------------------------------------------------------------- under bars, on paper

// Nothing is scrolled to, or focused, under the bars that stay in sight at the top and the bottom.
prepared.push(() => {
  const bars = [[$(".top"), "scrollPaddingTop"], [$("#tray"), "scrollPaddingBottom"]];
  const measure = () => {
    for (const [bar, edge] of bars) {
      const covered = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight + 8 : 0;
      document.documentElement.style[edge] = `${covered}px`;
    }
  };
  const observer = new ResizeObserver(measure);
  for (const [bar] of bars) observer.observe(bar);
});

// What is folded is unfolded on paper; a player that has drawn nothing yet leaves no empty box.
let unfolded = [];
addEventListener("beforeprint", () => {
  for (const player of players) player.box.classList.toggle("undrawn", !player.frames);
  unfolded = $$("details:not([open])", current);
  for (const one of unfolded) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of unfolded) one.open = false;
});

// ---------------------------------------------------------------- previous and next

prepared.push(() => {
  study.experiments.forEach((one, place) => {
    for (const link of $$("[data-step]", sectionOf(one.name))) {
      const to = study.experiments[place + Number(link.dataset.step)];
      if (to) Object.assign(link, { href: `#${to.name}`, hidden: false, title: to.name });
    }
  });
});
