"use strict";
// Select2, as Django's autocomplete fields use it, leaves its boxes without names and with lists that are none:
// https://code.djangoproject.com/ticket/33710. This gives each box the label of its field, now and when it redraws.
{
  const nameOf = (select) => {
    const label = select.labels && select.labels[0];
    return label ? label.textContent.trim().replace(/:$/, "") : "";
  };

  const mend = (select, box) => {
    const name = nameOf(select);
    const combo = box.querySelector("[role=combobox]");
    if (combo && !select.multiple) {
      const value = box.querySelector(".select2-selection__rendered");
      combo.removeAttribute("aria-labelledby");
      combo.setAttribute("aria-label", [name, value && value.title].filter(Boolean).join(": "));
      if (value) {
        value.setAttribute("role", "presentation");
        value.removeAttribute("aria-readonly");
      }
    }
    if (combo && select.multiple) combo.setAttribute("aria-label", name);
    if (combo && combo.hasAttribute("aria-owns")) combo.setAttribute("aria-controls", combo.getAttribute("aria-owns"));
    for (const list of box.querySelectorAll("ul.select2-selection__rendered")) {
      list.setAttribute("role", "presentation");
      for (const item of list.children) item.setAttribute("role", "presentation");
    }
    for (const field of box.querySelectorAll(".select2-search__field")) field.setAttribute("aria-label", name);
  };

  const watch = (select) => {
    const box = select.nextElementSibling;
    if (!box || !box.classList.contains("select2-container") || box.dataset.named) return;
    box.dataset.named = "yes";
    mend(select, box);
    new MutationObserver(() => mend(select, box)).observe(box, { childList: true, subtree: true });
    django.jQuery(select).on("select2:open", () => {
      mend(select, box);
      for (const field of document.querySelectorAll(".select2-dropdown .select2-search__field")) {
        field.setAttribute("aria-label", nameOf(select));
      }
    });
  };

  const watchAll = () => document.querySelectorAll("select.admin-autocomplete").forEach(watch);
  // jQuery runs what waits for the document later than the document is ready: wait behind it.
  window.addEventListener("load", () => django.jQuery(() => setTimeout(watchAll)));
  document.addEventListener("formset:added", () => setTimeout(watchAll));
}
