/* One table of words, every language with the same keys. English is here; the others come when they are wanted. */

import { en } from './words-en.js';

export const strings = { en };

const others = {
  fr: () => import('./words-fr.js?v=@VERSION@'),
  pl: () => import('./words-pl.js?v=@VERSION@'),
};

/* Every language that has words, by its own name. */
export const languages = { en: 'English', fr: 'Français', pl: 'Polski' };

/* The language to speak for what was wished: its words are in the table afterwards, if they could be had. */
export async function speak(wanted) {
  const language = wanted.split('-')[0].toLowerCase();
  if (strings[language]) return language;
  try {
    strings[language] = (await others[language]()).words;
    return language;
  } catch {
    return 'en'; // no such language, or no connection
  }
}
