// The colours of the theme that is showing. Both themes are filled in when a component is registered,
// so that no update has to carry them.
const PALETTES = __PALETTES__;

function showingPalette(element) {
  const color = getComputedStyle(element).getPropertyValue("--st-background-color").trim();
  const hex = /^#([0-9a-f]{6})/i.exec(color);
  const brightness = hex ? parseInt(hex[1].slice(2, 4), 16) : 255;
  return brightness < 128 ? PALETTES.dark : PALETTES.light;
}

function bytesOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// "good" and "categorical.3" are colours of the theme; "hue.7" is the eighth of any number, no two of
// which are alike: each is turned by the golden angle.
function colorOf(token, palette) {
  const [name, number] = token.split(".");
  if (name !== "hue") return number === undefined ? palette[name] : palette[name][Number(number)];
  const hue = (Number(number) * 137.508) % 360;
  const dark = palette === PALETTES.dark;
  const lightness = (dark ? 0.62 : 0.42) + 0.1 * ((Number(number) % 3) - 1);
  const part = (offset) => {
    const at = (offset + hue / 30) % 12;
    const value = lightness - 0.65 * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(at - 3, 9 - at, 1));
    return Math.round(value * 255).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}
