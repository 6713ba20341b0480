/* Elements of the page. */

/* An element: `on…` properties listen, booleans are set or left out, everything else is an attribute. */
export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  return fill(node, ...children);
}

/* Puts children in place of those there were; null, false, 0 and the like are none. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return node;
}

/* "RE" for "Robin Example" */
export function initials(name) {
  const letters = name
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => [...word][0]);
  return [letters[0], letters.length > 1 && letters.at(-1)].filter(Boolean).join('').toUpperCase();
}

/* A link's address, if it is one a browser may be sent to. */
export function webAddress(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol) ? text : null;
  } catch {
    return null;
  }
}

const drawings = {
  clock: 'M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0ZM12 7v5l3 2',
  video: 'M3 8a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2ZM15 10l6-3v10l-6-3',
  phone: 'M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3Z',
  place: 'M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11ZM14.5 10a2.5 2.5 0 1 1-5 0a2.5 2.5 0 0 1 5 0Z',
  calendar: 'M4 8a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3ZM4 10h16M8 3v4M16 3v4',
  turn: 'M4 12h16M13 6l6 6-6 6',
  speech: 'M4 5h16v11h-9l-4 4v-4H4Z',
  people: 'M12 8a3 3 0 1 1-6 0a3 3 0 0 1 6 0ZM3 20a6 6 0 0 1 12 0M15 5a3 3 0 0 1 0 6M17 14a6 6 0 0 1 4 6',
  globe: 'M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0ZM3 12h18M12 3c5 5 5 13 0 18c-5-5-5-13 0-18Z',
  before: 'm15 6-6 6 6 6',
  after: 'm9 6 6 6-6 6',
  close: 'M6 6l12 12M18 6 6 18',
  bell: 'M6 17v-6a6 6 0 0 1 12 0v6l1.5 1.5h-15ZM10 21h4',
  tag: 'M4 5v6l9 9 7-7-9-9H5ZM8.5 8.5h.01',
  tick: 'm5 13 4.5 4.5L19 7',
};

/* A drawing that says nothing by itself: the words stand beside it. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg.namespaceURI, 'path');
  path.setAttribute('d', drawings[name]);
  svg.append(path);
  return svg;
}

/* Where a session takes place: its drawing and its word. */
export const meetingPlaces = {
  google_meet: ['video', 'meet'],
  phone: ['phone', 'phoneCall'],
  in_person: ['place', 'onSite'],
  link: ['video', 'videoCall'],
};
