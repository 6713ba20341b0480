/* The languages that somebody speaks, by their names in the reader's. The tags are of BCP 47. */

import { capital } from './time.js';

/* tag -> name; a tag that the browser knows no name for, or that is none, stands for itself. */
export function languageNamer(locale) {
  const names = new Intl.DisplayNames([locale], { type: 'language' });
  return (tag) => {
    try {
      return names.of(tag);
    } catch {
      return tag;
    }
  };
}

/* "English and French" */
export const languageNames = (tags, locale) =>
  capital(new Intl.ListFormat(locale).format(tags.map(languageNamer(locale))), locale);
