/* The words of the coach's page: one table, every language with the same keys (as in widget.js). */

import { en } from './words-en.js';
import { fr } from './words-fr.js';

export const strings = { en, fr };
