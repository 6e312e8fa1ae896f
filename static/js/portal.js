// What a page does faster with a script; without it every page works by its links, ticks and buttons.
"use strict";

// What needs a script shows once there is one (static/css/portal.css).
document.documentElement.classList.add("has-script");

const ticks = (form, name) => form.querySelectorAll(`input[type=checkbox][name="${name}"]`);

// A box in a table's heading ticks every row of the page, and the bar below says how many are ticked.
document.addEventListener("change", (event) => {
  const box = event.target;
  const form = box.form;
  if (!form || box.type !== "checkbox") return;
  if (box.dataset.selects) {
    for (const tick of ticks(form, box.dataset.selects)) tick.checked = box.checked;
  }
  count(form);
});

const count = (form) => {
  for (const output of form.querySelectorAll("output[data-counts]")) {
    const all = [...ticks(form, output.dataset.counts)];
    const ticked = all.filter((tick) => tick.checked).length;
    output.value = ticked ? `${output.dataset.some} ${ticked}` : output.dataset.none;
    const box = form.querySelector(`[data-selects="${output.dataset.counts}"]`);
    if (box) {
      box.checked = ticked > 0 && ticked === all.length;
      box.indeterminate = ticked > 0 && ticked < all.length;
    }
  }
};

// A browser that goes back ticks what was ticked, and tells nobody.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) count(form);
});
