/* The addresses of guests, as a line of text. */

const guestsMost = 10;

/* The addresses in what was typed. */
export const guestsIn = (text) => (text ?? '').split(/[\s,;]+/).filter(Boolean);

export const guestsAreGood = (text) =>
  guestsIn(text).length <= guestsMost &&
  guestsIn(text).every((address) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address));
