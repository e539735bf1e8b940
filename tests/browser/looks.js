// What must not be seen at this width and in these colours: a list of sentences, empty when all is well.
(() => {
  const faults = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push(`${document.documentElement.scrollWidth} wide on ${width}`);
  const channels = colour => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  for (const element of document.querySelectorAll("main *")) {
    if (!hasText(element) || ["title", "desc"].includes(element.localName)) continue;
    const style = getComputedStyle(element);
    const colour = channels(element.ownerSVGElement ? style.fill : style.color);
    const ratio = contrast(colour, ground(element.ownerSVGElement ? element.closest("figure") : element));
    const words = element.textContent.trim().slice(0, 40);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${words}`);
    if (parseFloat(style.fontSize) < 10) faults.push(`small: ${style.fontSize} ${words}`);
    const box = element.getBoundingClientRect();
    if (box.width && (box.left < -1 || box.right > width + 1)) faults.push(`outside: ${words}`);
    if (element.scrollWidth > element.clientWidth + 1 && ["pre", "dd", "td"].includes(element.localName)) faults.push(`cut: ${words}`);
  }
  // Words of a drawing must not stand upon each other.
  for (const drawing of document.querySelectorAll("svg.drawing")) {
    const boxes = [...drawing.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([one, a], index) => {
      for (const [other, b] of boxes.slice(index + 1)) {
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2) faults.push(`upon each other: ${one} | ${other}`);
      }
    });
  }
  return faults;
})()
