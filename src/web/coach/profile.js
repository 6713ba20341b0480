/*
 * The profile: what clients see, the picture, and how to show the booking page on another site.
 */

import { fill, h } from '../widget/dom.js';
import { languagesField } from './languages.js';
import { confirmsOutside } from './notices.js';
import { zoneField } from './zone_field.js';

const side = 320; // pixels of the square that is sent

export async function profileView(house, heading) {
  const profile = structuredClone(await house.profile());
  const beside = h('div', { class: 'stack' });
  const draw = () => fill(beside, picture(house, profile), embed(house, profile));
  draw();
  return [heading, h('div', { class: 'two' }, form(house, profile, draw), beside)];
}

/* saved() is called when the profile has changed. */
function form(house, profile, saved) {
  const { t, coach } = house;
  const notices = h('div', { class: 'stack' });
  const change = (name, value) => {
    profile[name] = value;
    house.dirty = {
      save: send,
      discard: () => {
        house.dirty = null;
      },
    };
  };
  const fields = [
    ['name', t('nameField'), { maxlength: 100, autocomplete: 'name' }],
    ['headline', t('headline'), { maxlength: 160 }],
    ['about', t('about'), { maxlength: 2000 }, 'textarea'],
    ['slug', t('slug'), { maxlength: 64, autocomplete: 'off', spellcheck: 'false' }],
    ['accent', t('accent'), { type: 'color' }],
  ].map(([name, label, properties, tag = 'input']) => {
    const hint = name === 'slug' && h('p', { class: 'hint', id: 'slug-hint' }, t('slugHint'));
    const input = h(tag, {
      id: `profile-${name}`,
      name,
      'aria-describedby': hint ? 'slug-hint' : null,
      ...properties,
    });
    input.value = profile[name] ?? (name === 'accent' ? '#2f5bd7' : '');
    input.addEventListener('input', () => {
      change(name, input.value.trim() || null);
    });
    return h('div', { class: 'field' }, h('label', { for: input.id }, label), input, hint);
  });
  const zone = zoneField(house, {
    id: 'profile-time_zone',
    name: 'time_zone',
    value: profile.time_zone,
    change: (name) => change('time_zone', name),
  });
  const languages = languagesField(house, profile.languages ?? [], (tags) => change('languages', tags));
  const save = h('button', { class: 'main' }, t('save'));
  const wrong = (problem) => {
    const input = problem.status === 422 && element.querySelector(`[name="${problem.field}"]`);
    if (!input) return fill(notices, house.trouble(problem));
    const words = h(
      'p',
      { class: 'wrong', id: 'profile-wrong' },
      t.code(`bad_${problem.field}`) ??
        t.code('bad_value') ??
        problem.detail.replace(problem.field, '').trim(),
    );
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', words.id);
    input.closest('.field').append(words);
    house.say(words.textContent);
    return input.focus();
  };
  /* Answers false if it could not be saved. */
  const send = async () => {
    fill(notices);
    for (const one of element.querySelectorAll('.wrong')) one.remove();
    for (const one of element.querySelectorAll('[aria-invalid]')) one.removeAttribute('aria-invalid');
    try {
      const next = { ...(await house.schedule()), time_zone: profile.time_zone };
      if (!(await confirmsOutside(house, next))) return false;
      Object.assign(profile, await house.saveProfile(profile, coach));
      if (coach !== house.coach) return true;
      house.dirty = null;
      saved();
      const done = h('p', { tabindex: '-1' }, t('saved'));
      fill(notices, h('div', { class: 'notice' }, done));
      done.focus();
      house.say(t('saved'));
      return true;
    } catch (problem) {
      wrong(problem);
      return false;
    }
  };
  const element = h(
    'form',
    {
      class: 'box',
      onsubmit: (event) => {
        event.preventDefault();
        send();
      },
    },
    notices,
    fields,
    zone,
    languages,
    h('div', { class: 'actions' }, save),
  );
  return element;
}

/* The middle square of a picture, small enough to send: whatever was chosen, a browser decodes it, not the server. */
async function scaled(file) {
  const image = await createImageBitmap(file);
  const cut = Math.min(image.width, image.height);
  const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
  const [x, y] = [(image.width - cut) / 2, (image.height - cut) / 2];
  canvas.getContext('2d').drawImage(image, x, y, cut, cut, 0, 0, side, side);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/jpeg', 0.86);
  });
}

function picture(house, profile) {
  const { t } = house;
  const place = h('div', { class: 'stack' });
  const notices = h('div', { class: 'stack' });
  const told = (words) => {
    fill(notices, h('p', { class: 'notice' }, words));
    house.say(words);
  };
  const send = async (file) => {
    let blob;
    try {
      blob = await scaled(file);
    } catch {
      fill(notices, h('p', { class: 'notice alarm' }, t('badPicture')));
      house.say(t('badPicture'));
      return;
    }
    try {
      profile.picture_version = (await house.coachCall('PUT', 'picture', { body: blob })).picture_version;
      house.forgetProfile();
      draw();
      told(t('pictureSaved'));
    } catch (problem) {
      fill(notices, house.trouble(problem));
    }
  };
  const input = h('input', {
    type: 'file',
    id: 'picture-file',
    accept: 'image/png,image/jpeg,image/webp',
    'aria-describedby': 'picture-hint',
    onchange: () => input.files[0] && send(input.files[0]),
  });
  const remove = async () => {
    try {
      await house.coachCall('DELETE', 'picture');
      profile.picture_version = null;
      house.forgetProfile();
      draw();
      told(t('pictureGone'));
      input.focus();
    } catch (problem) {
      fill(notices, house.trouble(problem));
    }
  };
  const draw = () =>
    fill(
      place,
      house.face(profile),
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'picture-file' }, t('choosePicture')),
        input,
        h('p', { class: 'hint', id: 'picture-hint' }, t('pictureHint')),
      ),
      profile.picture_version && h('button', { type: 'button', onclick: remove }, t('removePicture')),
    );
  draw();
  return h('section', { class: 'box' }, h('h2', null, t('picture')), notices, place);
}

/* What to paste into another site. */
function embed(house, profile) {
  const { t } = house;
  const script = new URL('booking/widget.js', house.server).href;
  const quoted = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;');
  const tag = (extra) =>
    `<script type="module" src="${script}"></script>\n<mosaic-booking coach="${quoted(profile.slug ?? house.coach)}"${extra}></mosaic-booking>`;
  const page = quoted(house.pageAddress(profile));
  const frame =
    `<iframe src="${page}" title="${quoted(t('bookTitle'))}" width="100%" height="760"></iframe>\n` +
    `<script type="module" src="${new URL('booking/frame.js', house.server).href}"></script>`;
  const kinds = [
    ['inline', t('embedInline'), tag(' inline')],
    ['button', t('embedButton'), tag('')],
    ['floating', t('embedFloating'), tag(' floating')],
    ['frame', t('embedFrame'), frame],
  ];
  const code = h('textarea', {
    id: 'embed-code',
    readonly: true,
    rows: 8,
    spellcheck: 'false',
    'aria-describedby': 'embed-hint',
  });
  const hint = h('p', { class: 'hint', id: 'embed-hint' });
  const show = (kind) => {
    code.value = kinds.find(([name]) => name === kind)[2];
    hint.textContent = t(kind === 'frame' ? 'embedFrameHint' : 'embedHint');
  };
  show('inline');
  return h(
    'section',
    { class: 'box' },
    h('h2', null, t('embed')),
    house.choice(
      'embed',
      t('embed'),
      kinds.map(([name, words]) => [name, words]),
      'inline',
      show,
    ),
    h('div', { class: 'field' }, h('label', { for: 'embed-code', class: 'hidden' }, t('embed')), code, hint),
    h('button', { type: 'button', onclick: () => house.copy(code.value, code) }, t('copy')),
  );
}
