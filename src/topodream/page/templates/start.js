// All scripts are there: begin.

for (const prepare of prepared) prepare();
$(".skip").onclick = (event) => {
  event.preventDefault(); // as an address it would be another view
  $("h1", current).focus();
};
addEventListener("hashchange", route);
route();
