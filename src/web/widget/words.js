/* One table of words, every language with the same keys. English is here; the others come when they are wanted. */

import { speaker } from './translate.js';
import { en } from './words-en.js';

export const strings = { en };

/* Every language that has words, by its own name. */
export const languages = { en: 'English', fr: 'Français', pl: 'Polski' };

export const speak = speaker(strings, {
  fr: () => import('./words-fr.js?v=@VERSION@'),
  pl: () => import('./words-pl.js?v=@VERSION@'),
});
