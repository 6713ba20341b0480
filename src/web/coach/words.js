/* The words of the coach's page: one table, every language with the same keys (as in widget.js). */

import { speaker } from '../widget/translate.js';
import { en } from './words-en.js';

export const strings = { en };

export const languages = { en: 'English', fr: 'Français', pl: 'Polski' };

export const speak = speaker(strings, {
  fr: () => import('./coach-words-fr.js?v=@VERSION@'),
  pl: () => import('./coach-words-pl.js?v=@VERSION@'),
});
