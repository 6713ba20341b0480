/* What is remembered: the zone and the clock from visit to visit, a form in this tab. Storage may be blocked. */

function read(storage, name) {
  try {
    return JSON.parse(globalThis[storage].getItem(name)) ?? {};
  } catch {
    return {};
  }
}

export function write(storage, name, content) {
  try {
    if (content) globalThis[storage].setItem(name, JSON.stringify(content));
    else globalThis[storage].removeItem(name);
  } catch {
    /* blocked: it lasts as long as the page */
  }
}

export const memory = {
  read: () => read('localStorage', 'mosaic-booking'),
  write: (changes) => write('localStorage', 'mosaic-booking', { ...memory.read(), ...changes }),
  /*
   * Who signed in by mail: from visit to visit on a page of our own, on another's (`lasting` false) for this tab. Whatever
   * script runs on a page can read its storage, and only our pages run nothing but ours.
   */
  session: (lasting) =>
    (lasting ? memory.read() : read('sessionStorage', 'mosaic-booking-session')).token ?? null,
  keepSession: (token, lasting) =>
    lasting ? memory.write({ token }) : write('sessionStorage', 'mosaic-booking-session', token && { token }),
  draft: () => read('sessionStorage', 'mosaic-booking-draft'),
  keepDraft: (draft) => write('sessionStorage', 'mosaic-booking-draft', draft),
  /* The request for a hold, while what became of it is not settled. */
  holding: () => read('sessionStorage', 'mosaic-booking-hold'),
  forgetDraft: () => write('sessionStorage', 'mosaic-booking-draft', null),
};
