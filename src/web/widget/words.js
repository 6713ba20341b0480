/* One table of words, every language with the same keys. */

import { en } from './words-en.js';
import { fr } from './words-fr.js';

export const strings = { en, fr };
