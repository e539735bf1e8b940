// What must not be in the document, whatever is reported: a list of sentences, empty when all is well.
(() => {
  const faults = [];
  const all = [...document.querySelectorAll("*")];
  const known = new Set(("html head meta title style body svg defs pattern rect main h1 h2 h3 h4 strong p span code article header section dl div dt dd ul ol li a " +
    "figure pre mark figcaption desc text line path circle table thead tbody tr th td footer").split(" "));
  for (const element of all) {
    if (!known.has(element.localName)) faults.push(`element ${element.localName}`);
    for (const { name, value } of element.attributes) {
      if (/^on|^style$|^src|^srcdoc$|^action$/.test(name)) faults.push(`attribute ${element.localName} ${name}`);
      if (/href$/.test(name) && !value.startsWith("#")) faults.push(`link to ${value}`);
    }
  }
  if (document.scripts.length) faults.push("a script");
  if (!/default-src 'none'/.test(document.querySelector("meta[http-equiv]")?.content)) faults.push("no policy");
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.startsWith("llmcheck")) faults.push("no title");
  if (document.compatMode !== "CSS1Compat") faults.push("quirks mode");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  let depth = 0;
  for (const heading of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    const own = Number(heading.localName[1]);
    if (own > depth + 1) faults.push(`heading ${heading.textContent} skips a level`);
    if (!heading.textContent.trim()) faults.push("an empty heading");
    depth = own;
  }
  for (const cell of document.querySelectorAll("th")) if (!cell.scope) faults.push("a table header without scope");
  const drawings = document.querySelectorAll("svg.drawing");
  for (const drawing of drawings) {
    const names = drawing.getAttribute("aria-labelledby").split(" ").map(id => document.getElementById(id));
    if (drawing.getAttribute("role") !== "img" || names.length !== 2 || names.some(name => !name?.textContent.trim())) faults.push("a drawing without a name");
  }
  if (!drawings.length) faults.push("no drawing");
  const ids = all.map(element => element.id).filter(Boolean);
  if (new Set(ids).size !== ids.length) faults.push("an id stands twice");
  return faults;
})()
