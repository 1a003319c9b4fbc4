// Names that screen readers need and the theme does not give.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
  document.querySelectorAll(".caption[role=heading]").forEach((one) => one.setAttribute("aria-level", "2"));
});
