// What keeps somebody from reading or reaching a part of the page that is open. Contrast is WCAG's, at level AA.
() => {
  const found = [];
  const tell = (what, it) => found.push(`${what}: ${it.outerHTML.slice(0, 120)}`);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  if (!["en", "ko"].includes(document.documentElement.lang)) found.push("no language");
  if (all("h1").length !== 1) found.push("not one h1");
  let level = 0;
  for (const it of all("h1, h2, h3, h4")) {
    if (it.tagName[1] > level + 1) tell("a heading that skips a level", it);
    level = Number(it.tagName[1]);
  }
  for (const it of all("table")) {
    if (!it.caption || !it.caption.textContent.trim()) tell("a table without a caption", it);
    for (const cell of it.querySelectorAll("th")) if (!cell.scope) tell("a th without a scope", cell);
  }
  for (const it of all("img")) if (!it.alt.trim()) tell("a picture without a text", it);
  for (const it of all("svg")) {
    const named = it.getAttribute("role") === "img" && (it.getAttribute("aria-label") || "").trim();
    if (!named && it.getAttribute("aria-hidden") !== "true") tell("a drawing without a text", it);
  }
  for (const it of all("input")) if (!it.labels.length) tell("a field without a label", it);
  for (const it of all("a, button, summary")) if (!it.textContent.trim()) tell("a control without a name", it);
  const ids = all("[id]").map((it) => it.id);
  if (new Set(ids).size !== ids.length) found.push("an id that is there twice");
  for (const it of all("a[href^='#']")) if (!ids.includes(it.hash.slice(1))) tell("a link to nowhere", it);

  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = color;
    brush.fillRect(0, 0, 1, 1);
    return Array.from(brush.getImageData(0, 0, 1, 1).data);
  };
  const light = (color) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = color.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (it) => {
    for (; it; it = it.parentElement) {
      const color = rgb(getComputedStyle(it).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const it = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !it.checkVisibility()) continue;
    if (["SCRIPT", "STYLE", "title"].includes(it.tagName)) continue;
    const style = getComputedStyle(it);
    const [a, b] = [light(rgb(it.closest("svg") ? style.fill : style.color)), light(behind(it))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) tell(`contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}`, it);
  }
  return found;
}
