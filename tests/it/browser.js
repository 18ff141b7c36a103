"use strict";
// Runs in a copy of a page, before anything else of it, and tells the page around it what it has found.
(() => {
  const problems = [];
  const tell = (problem) => { if (problems.length < 20) problems.push(problem); };
  addEventListener("error", (event) => tell("error: " + event.message));
  addEventListener("unhandledrejection", (event) => tell("rejected: " + event.reason));
  document.addEventListener("securitypolicyviolation", (event) => tell("policy: " + event.violatedDirective + " " + event.blockedURI));

  const words = (element) => "`" + (element.textContent || element.outerHTML).trim().slice(0, 60) + "`";
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
  const cross = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;

  const screen = () => {
    const [width, light] = location.hash.slice(1).split("-");
    if (innerWidth !== Number(width)) tell("the screen has " + innerWidth + " pixels");
    if (matchMedia("(prefers-color-scheme: dark)").matches !== (light === "dark")) tell("the wrong light");
    const wide = document.scrollingElement.scrollWidth;
    if (wide > innerWidth) tell("wider than the screen: " + wide);
    for (const element of all("body *:not(script)")) {
      if (element.closest(".scroll, pre, .defined")) continue;
      const box = element.getBoundingClientRect();
      if (box.width && (box.right > innerWidth + 8 || box.left < -8)) tell("out of the screen: " + element.tagName + " " + words(element));
    }
  };

  const pictures = () => {
    for (const svg of all("svg")) {
      const [frame, texts] = [svg.getBoundingClientRect(), [...svg.querySelectorAll("text")].filter(shown)];
      texts.forEach((text, at) => {
        const box = text.getBoundingClientRect();
        if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) tell("cut: " + words(text));
        for (const other of texts.slice(at + 1)) {
          if (cross(box, other.getBoundingClientRect())) tell("over each other: " + words(text) + " " + words(other));
        }
      });
    }
    for (const row of all(".row, .scatter")) {
      const parts = [...row.children].filter(shown);
      parts.forEach((part, at) => {
        for (const other of parts.slice(at + 1)) {
          if (cross(part.getBoundingClientRect(), other.getBoundingClientRect())) tell("parts of a row over each other: " + words(row));
        }
      });
    }
    for (const plot of all("svg.plot")) {
      if (plot.getAttribute("role") !== "img" || !plot.querySelector("desc")) tell("a picture without words");
      if (!plot.hasAttribute("aria-label")) tell("a picture without a name");
      if (plot.getBoundingClientRect().width < 150) tell("a picture too narrow to read");
    }
  };

  const colour = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => { value /= 255; return value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = () => {
    for (const element of all("body *:not(script)")) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own || !shown(element)) continue;
      let under = element, ground;
      do { ground = colour(getComputedStyle(under).backgroundColor); under = under.parentElement; } while (under && ground[3] === 0);
      const style = getComputedStyle(element);
      const [a, b] = [light(colour(element.tagName === "text" ? style.fill : style.color).slice(0, 3)), light(ground.slice(0, 3))];
      if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) tell("too little contrast: " + words(element));
    }
  };

  const parts = () => {
    const known = "A BODY BUTTON CIRCLE CODE DEFS DESC DIV FIGCAPTION FIGURE FOOTER G H1 H2 HEADER LI LINE MAIN P PATH PATTERN PRE RECT SCRIPT SECTION SPAN STRONG SVG TABLE TBODY TD TEXT TH THEAD TITLE TR UL USE".split(" ");
    for (const element of all("body, body *")) {
      if (!known.includes(element.tagName.toUpperCase())) tell("a strange element: " + element.outerHTML.slice(0, 80));
      for (const { name } of element.attributes) if (name.startsWith("on")) tell("a handler: " + name);
    }
    if (all("script").length !== 2) tell("scripts: " + all("script").length);
    for (const link of all("a")) {
      if (!link.href.startsWith("https://")) tell("a link to " + link.href);
      if (!link.textContent.trim()) tell("a link without a text");
    }
    const levels = all("h1, h2, h3, h4, h5, h6").map((one) => Number(one.tagName[1]));
    if (levels.filter((one) => one === 1).length !== 1 || levels[0] !== 1) tell("headings: " + levels);
    if (levels.some((one, at) => at && one > levels[at - 1] + 1)) tell("a level of headings is left out: " + levels);
    if (!document.documentElement.lang) tell("no language");
    if (all("th:not([scope])").length) tell("a header without scope");
    if (all(".code").length !== all(".code button").length) tell("no button that copies");
    const names = all("[id]").map((one) => one.id);
    if (new Set(names).size !== names.length) tell("two elements have one id");
    if (performance.getEntriesByType("resource").length) tell("it loads: " + performance.getEntriesByType("resource")[0].name);
  };

  const pointing = () => {
    const hint = document.querySelector(".hint");
    for (const plot of all("svg.plot").slice(0, 3)) {
      if (plot.tabIndex !== 0) continue;
      plot.focus();
      plot.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
      const box = hint.getBoundingClientRect();
      if (hint.hidden || !hint.textContent) tell("pointing shows nothing");
      else if (box.left < 0 || box.right > innerWidth) tell("a hint out of the screen: " + words(hint));
      if (getComputedStyle(plot).outlineStyle === "none") tell("the focus does not show");
      plot.blur();
      if (!hint.hidden) tell("a hint that stays");
    }
  };

  addEventListener("load", () => setTimeout(() => {
    try { for (const look of [screen, pictures, contrast, parts, pointing]) look(); } catch (error) { tell("the probe failed: " + error.stack); }
    const page = location.pathname.split("/").pop() + location.hash + ": ";
    parent.postMessage(["looked", ...problems].map((line) => page + line.replace(/[<>&\n]/g, "?")).join("\n"), "*");
  }, 100));
})();
