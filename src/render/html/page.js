"use strict";
(() => {
  // What a mark says, shown at once to who points at it or walks through a picture with the arrow keys.
  const hint = document.createElement("div");
  hint.className = "hint";
  hint.hidden = true;
  hint.setAttribute("role", "status");
  document.body.append(hint);
  const says = new Map();
  let pointed = null;

  const show = (mark, x, y) => {
    if (pointed) pointed.classList.remove("pointed");
    pointed = mark;
    hint.hidden = !mark;
    if (!mark) return;
    hint.textContent = says.get(mark);
    const box = hint.getBoundingClientRect();
    hint.style.left = Math.max(4, Math.min(x + 12, innerWidth - box.width - 4)) + "px";
    hint.style.top = (y + 18 + box.height < innerHeight ? y + 18 : Math.max(4, y - box.height - 10)) + "px";
  };
  const marked = (element) => {
    while (element && element.nodeType === 1 && !says.has(element)) element = element.parentElement;
    return element && says.has(element) ? element : null;
  };

  for (const plot of document.querySelectorAll("svg.plot")) {
    const marks = [];
    // The browser's own hints would come late and over these.
    for (const title of plot.querySelectorAll("title")) {
      const owner = title.parentElement;
      if (owner === plot) plot.setAttribute("aria-label", title.textContent);
      else { says.set(owner, title.textContent); marks.push(owner); }
      title.remove();
    }
    if (!marks.length) continue;
    const left = new Map(marks.map((mark) => [mark, mark.getBoundingClientRect().left]));
    marks.sort((a, b) => left.get(a) - left.get(b));
    let at = -1;
    plot.tabIndex = 0;
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") return show(null);
      if (!step) return;
      event.preventDefault();
      at = Math.max(0, Math.min(marks.length - 1, at + step));
      const box = marks[at].getBoundingClientRect();
      show(marks[at], box.left + box.width / 2, box.bottom - 10);
      marks[at].classList.add("pointed");
    });
    plot.addEventListener("blur", () => show(null));
    plot.addEventListener("pointerleave", () => show(null));
    for (const kind of ["pointermove", "pointerdown"]) {
      plot.addEventListener(kind, (event) => show(marked(event.target), event.clientX, event.clientY));
    }
  }

  for (const box of document.querySelectorAll(".code")) {
    const text = box.querySelector("pre");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    box.append(button);
  }
})();
