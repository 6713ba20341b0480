/* The languages a coach speaks, chosen from a list by their names. The document has their tags ("fr", "pt-BR"). */

import { fill, h } from '../widget/dom.js';
import { languageNamer } from '../widget/languages.js';
import { labelled } from './dialogs.js';

const offered = (
  'ar bg bn ca cs da de el en es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka ko lt lv mk ms mt nb nl pl pt ro ru ' +
  'sk sl sq sr sv sw ta th tr uk ur vi zh'
).split(' ');
const languagesMost = 8;

/* change(tags) is told of each change. */
export function languagesField(house, tags, change) {
  const { t } = house;
  const nameOf = languageNamer(house.locale);
  const place = h('fieldset', { class: 'stack' });
  const put = (next, focus) => {
    change(next);
    draw(next);
    (place.querySelector(focus) ?? place.querySelector('button')).focus();
  };
  const draw = (now) => {
    const rest = offered
      .filter((tag) => !now.includes(tag))
      .sort((a, b) => nameOf(a).localeCompare(nameOf(b), house.locale));
    const choice = h(
      'select',
      { id: 'profile-languages', name: 'languages' },
      rest.map((tag) => h('option', { value: tag }, nameOf(tag))),
    );
    fill(
      place,
      h('legend', null, h('strong', null, t('spokenLanguages'))),
      h(
        'ul',
        { class: 'row' },
        now.map((tag) =>
          h(
            'li',
            null,
            h(
              'button',
              {
                type: 'button',
                'aria-label': t('removeType', { name: nameOf(tag) }),
                onclick: () =>
                  put(
                    now.filter((other) => other !== tag),
                    '#profile-languages',
                  ),
              },
              `${nameOf(tag)} \u00d7`,
            ),
          ),
        ),
      ),
      !now.length && h('p', { class: 'hint' }, t('noLanguages')),
      now.length < languagesMost &&
        h(
          'div',
          { class: 'row' },
          labelled(house, choice.id, t('addLanguage'), choice),
          h(
            'button',
            { type: 'button', onclick: () => put([...now, choice.value], '#profile-languages') },
            t('add'),
          ),
        ),
    );
  };
  draw(tags);
  return place;
}
