// A table wider than the page scrolls by itself, and the keyboard has to reach it for that.
const reach = () =>
  document.querySelectorAll("article table").forEach((table) => {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  });

window.addEventListener("DOMContentLoaded", reach);
window.addEventListener("resize", reach);
