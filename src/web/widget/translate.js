/* Words in a language: plurals, places to fill in, and which way it is written. */

export const rightToLeft = /^(ar|arc|ckb|dv|fa|he|ks|ku|ps|sd|ug|ur|yi)$/;

/*
 * A translator for one language: (key, values) -> text; `n` among the values picks the plural. Its `code` has
 * the words for a problem's or a refusal's code, where the server's own are in another language.
 */
export function translator(table, language) {
  const plural = new Intl.PluralRules(language);
  const translate = (key, values = {}) => {
    let text = table[language]?.[key] ?? table.en[key];
    if (typeof text === 'object') text = text[plural.select(values.n)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  };
  translate.code = (code) => table[language]?.codes?.[code];
  return translate;
}

/*
 * A function that answers the language to speak for what was wished: its words are in the table afterwards, if they could be
 * had by its entry in `others`.
 */
export const speaker = (table, others) => async (wanted) => {
  const language = wanted.split('-')[0].toLowerCase();
  if (table[language]) return language;
  try {
    table[language] = (await others[language]()).words;
    return language;
  } catch {
    return 'en'; // no such language, or no connection
  }
};
