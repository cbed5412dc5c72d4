// What a mark of a figure is, beside the pointer or the finger. Names are set as text, never as markup.
"use strict";
{
  const tip = Object.assign(document.createElement("div"), {className: "tip", hidden: true});
  document.body.append(tip);
  const show = event => {
    const mark = event.target.closest?.("[data-tip]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip.replaceAll("; ", "\n");
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${window.scrollX + Math.max(8, Math.min(event.clientX + 14, room))}px`;
    tip.style.top = `${window.scrollY + event.clientY + 14}px`;
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("pointerdown", show);
}
