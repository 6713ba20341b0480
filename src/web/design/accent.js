/*
 * A coach's accent, and the colours that follow from it. Whatever colour was chosen, text stays readable: the roles are
 * moved towards black or white until their contrast (WCAG 2.2) is enough.
 */

const white = [255, 255, 255];
const black = [0, 0, 0];
const papers = { light: [255, 255, 255], dark: [23, 25, 30] };

export const colour = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
export const hexOf = (rgb) =>
  '#' + rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('');
export const mix = (a, b, share) => a.map((part, index) => part + (b[index] - part) * share);

export function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const c = Math.round(part) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/* The colour moved towards another until it stands out from all of `grounds` by `least`. */
function until(rgb, towards, grounds, least) {
  for (let share = 0; share < 1; share += 0.02) {
    const moved = colour(hexOf(mix(rgb, towards, share)));
    if (grounds.every((ground) => contrast(moved, ground) >= least)) return moved;
  }
  return towards;
}

/* '#2f5bd7' -> {accent, ink, strong: {light, dark}, tint: {light, dark}}, all as hex. */
export function accentRoles(hex) {
  const accent = colour(hex);
  const ink = contrast(accent, white) >= 4.5 ? white : black;
  const tint = { light: mix(accent, papers.light, 0.89), dark: mix(accent, papers.dark, 0.78) };
  return {
    accent: hex,
    ink: hexOf(contrast(accent, ink) >= 4.5 ? ink : black),
    strong: {
      light: hexOf(until(accent, black, [papers.light, tint.light, [244, 245, 247]], 4.6)),
      dark: hexOf(until(accent, white, [papers.dark, tint.dark, [14, 16, 19]], 4.6)),
    },
    tint: { light: hexOf(tint.light), dark: hexOf(tint.dark) },
  };
}

/* Gives an element the accent's roles, under names that begin with `prefix`. */
export function applyAccent(element, hex, prefix) {
  const { accent, ink, strong, tint } = accentRoles(hex);
  const set = (name, value) => element.style.setProperty(prefix + name, value);
  set('accent', accent);
  set('accent-ink', ink);
  set('accent-strong', `light-dark(${strong.light}, ${strong.dark})`);
  set('accent-tint', `light-dark(${tint.light}, ${tint.dark})`);
}
