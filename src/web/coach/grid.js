/*
 * Grids to be looked at, clicked, dragged over, and walked with the keys: half hours of days, dates of a month.
 *
 * Arrows move, Home and End go along the week; with Shift they choose a range, as dragging does. Enter, Space,
 * a click or the end of a drag hand the range over. One cell is in the tab order. A finger scrolls the page
 * and taps; only a mouse or a pen drags.
 */

import { h } from '../widget/dom.js';

/* Whether it is a finger that points. */
export const finger = window.matchMedia('(pointer: coarse)');

/*
 * The choosing that both grids share, over `cells` (elements with role gridcell) of `table`.
 *
 *   first            the cell that is in the tab order at the beginning
 *   reach            (cell, key) -> the cell that a key leads to; null beyond the grid; undefined: no such key
 *   inside           (cell, focus, anchor) -> whether the range between the two has the cell
 *   told             (focus, anchor) the range has changed by a key
 *   handed           (focus, anchor) the range is to be dealt with
 *   beyond           (cell, key) a key led out of the grid; may be left out
 */
function choosing(table, cells, { first, reach, inside, told, handed, beyond }) {
  let focus = first;
  let anchor = null;
  let dragging = false;

  const mark = () => {
    for (const cell of cells)
      cell.setAttribute('aria-selected', String(Boolean(anchor) && inside(cell, focus, anchor)));
  };
  const move = (cell, extend) => {
    focus.setAttribute('tabindex', '-1');
    anchor = extend ? (anchor ?? focus) : null;
    focus = cell;
    focus.setAttribute('tabindex', '0');
    focus.focus();
    mark();
  };
  const hand = () => {
    anchor ??= focus;
    mark();
    handed(focus, anchor);
  };
  const cellOf = (event) => event.target.closest('[role=gridcell]');

  focus.setAttribute('tabindex', '0');
  mark();
  table.addEventListener('keydown', (event) => {
    const cell = cellOf(event);
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    if (cell !== focus) move(cell, false); // a screen reader has set the focus by itself
    if (event.key === 'Enter' || event.key === ' ') hand();
    else if (event.key === 'Escape' && anchor) move(cell, false);
    else {
      const next = reach(cell, event.key);
      if (next === undefined) return;
      if (next) move(next, event.shiftKey);
      else if (!event.shiftKey) beyond?.(cell, event.key);
      if (next && event.shiftKey) told(focus, anchor);
    }
    event.preventDefault();
  });
  table.addEventListener('pointerdown', (event) => {
    const cell = cellOf(event);
    if (!cell || event.button !== 0 || event.pointerType === 'touch') return;
    event.preventDefault();
    move(cell, event.shiftKey);
    anchor ??= focus;
    dragging = true;
  });
  table.addEventListener('pointerover', (event) => {
    const cell = cellOf(event);
    if (dragging && cell) move(cell, true);
  });
  const gone = new AbortController();
  const drop = () => {
    if (!table.isConnected) gone.abort();
    else if (dragging) {
      dragging = false;
      hand();
    }
  };
  window.addEventListener('pointerup', drop, { signal: gone.signal });
  table.addEventListener('click', (event) => {
    const cell = cellOf(event);
    // Dragging has seen to a mouse's and a pen's clicks; this is a finger, or a screen reader.
    if (!cell || event.pointerType === 'mouse' || event.pointerType === 'pen') return;
    move(cell, false);
    hand();
  });
  return {
    focus: () => focus.focus(),
    goTo: (cell) => move(cell, false),
    clear: () => {
      anchor = null;
      mark();
    },
  };
}

/* The keys of a grid with weeks as rows, where the page runs from right to left too. */
function stepOf(table, key, column, columns) {
  const forward = getComputedStyle(table).direction === 'rtl' ? -1 : 1;
  return {
    ArrowRight: [forward, 0],
    ArrowLeft: [-forward, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
    Home: [-column, 0],
    End: [columns - 1 - column, 0],
  }[key];
}

const step = 30;

/*
 * Days by half hours. The coloured blocks lie over the cells and are hidden from screen readers, whose words
 * are in the cells.
 *
 *   days      [{head}]  what stands above each column, text or an element
 *   from, to  minutes of the day that are shown, multiples of 30
 *   time      (minute) -> its name; hour: the same of a full hour, shorter
 *   name      (column, minute) -> the cell's words
 *   kind      (column, minute) -> the cell's class
 *   blocks    (column) -> [{from, to, kind, lines}] in minutes of that day; of the lines as many as there is room for
 *   onrange   ({first, last, from, to, origin: {column, minute}}) the range's columns and minutes, `to`
 *             exclusive, and the cell where it was begun
 *   onmove    the same, while it is being chosen by the keys
 *
 * Answers {table, focus(), clear(), goTo(column, minute)}.
 */
export function timeGrid({ label, days, from, to, time, hour, name, kind, blocks, onrange, onmove }) {
  const minutes = Array.from({ length: (to - from) / step }, (_, index) => from + index * step);
  const columns = days.map(() => []); // cells: columns[column][row]
  const rows = minutes.map((minute, row) => {
    const words = h(
      'span',
      { class: minute % 60 ? 'hidden' : null },
      minute % 60 ? time(minute) : hour(minute),
    );
    const cells = days.map((_, column) => {
      const text = h('span', { class: 'hidden' }, name(column, minute));
      const cell = h('td', { role: 'gridcell', tabindex: '-1', class: kind(column, minute) }, text);
      Object.assign(cell, { column, row });
      columns[column].push(cell);
      return cell;
    });
    return h('tr', null, h('th', { scope: 'row' }, words), cells);
  });
  const heads = days.map((day) => h('th', { scope: 'col' }, day.head));
  const table = h(
    'table',
    { class: 'grid', role: 'grid', 'aria-label': label, 'aria-multiselectable': 'true' },
    h('thead', null, h('tr', null, h('td', null), heads)),
    h('tbody', null, rows),
  );

  columns.forEach((cells, column) => {
    for (const block of blocks(column)) {
      const top = Math.max(block.from, from);
      const bottom = Math.min(block.to, to);
      if (top >= bottom) continue;
      const row = Math.floor((top - from) / step);
      const height = bottom - top;
      const lines = block.lines.slice(0, height < 1.5 * step ? 1 : 2);
      const node = h(
        'div',
        {
          class: `block ${block.kind} ${height < step ? 'short' : height < 2 * step ? '' : 'roomy'}`,
          'aria-hidden': 'true',
        },
        lines.map((line) => h('span', null, line)),
      );
      node.style.setProperty('--top', (top - from - row * step) / step);
      node.style.setProperty('--size', height / step);
      cells[row].append(node);
    }
  });

  const rangeOf = (focus, anchor) => ({
    first: Math.min(focus.column, anchor.column),
    last: Math.max(focus.column, anchor.column),
    from: minutes[Math.min(focus.row, anchor.row)],
    to: minutes[Math.max(focus.row, anchor.row)] + step,
    origin: { column: anchor.column, minute: minutes[anchor.row] },
  });
  const chosen = choosing(table, columns.flat(), {
    first: columns[0][Math.max(0, minutes.indexOf(540))],
    reach: (cell, key) => {
      if (key === 'PageUp') return columns[cell.column][0];
      if (key === 'PageDown') return columns[cell.column].at(-1);
      const steps = stepOf(table, key, cell.column, days.length);
      return steps && (columns[cell.column + steps[0]]?.[cell.row + steps[1]] ?? null);
    },
    inside: (cell, focus, anchor) => {
      const range = rangeOf(focus, anchor);
      const minute = minutes[cell.row];
      return (
        cell.column >= range.first && cell.column <= range.last && minute >= range.from && minute < range.to
      );
    },
    told: (focus, anchor) => onmove(rangeOf(focus, anchor)),
    handed: (focus, anchor) => onrange(rangeOf(focus, anchor)),
  });
  return {
    table,
    focus: chosen.focus,
    clear: chosen.clear,
    goTo: (column, minute) => chosen.goTo(columns[column][Math.max(0, minutes.indexOf(minute))]),
  };
}

/*
 * The dates of a month.
 *
 *   days      its dates; lead: how many cells are empty before the first
 *   heads     [[short, long]] the weekdays' names
 *   start     the date in the tab order, if it is one of them
 *   name      (day) -> the cell's words; kind: (day) -> its class
 *   onrange   (first, last) the dates that were chosen; onmove: the same, while they are by the keys
 *   onmonth   (count, index) the month before (-1) or after (1) is wanted; index: of the date wanted there,
 *             counted from this month's first; undefined for any
 *
 * Answers {table, focus()}.
 */
export function monthGrid({ label, days, lead, heads, start, name, kind, onrange, onmove, onmonth }) {
  const cells = days.map((day, index) => {
    const properties = { role: 'gridcell', tabindex: '-1', 'aria-label': name(day), class: kind(day) };
    const first = /\b1er\b/.exec(name(day))?.[0]; // what is read on it is in its name
    return Object.assign(h('td', properties, first ?? String(index + 1)), { day, index });
  });
  const all = [...Array.from({ length: lead }, () => h('td', null)), ...cells];
  const weeks = [];
  for (let index = 0; index < all.length; index += 7) weeks.push(h('tr', null, all.slice(index, index + 7)));
  const columns = heads.map(([short, long]) => h('th', { scope: 'col', abbr: long }, short));
  const table = h(
    'table',
    { class: 'month', role: 'grid', 'aria-label': label, 'aria-multiselectable': 'true' },
    h('thead', null, h('tr', null, columns)),
    h('tbody', null, weeks),
  );
  const target = (cell, key) => {
    const steps = stepOf(table, key, (lead + cell.index) % 7, 7);
    return steps && cell.index + steps[0] + 7 * steps[1];
  };
  const chosen = choosing(table, cells, {
    first: cells[Math.max(0, days.indexOf(start))],
    reach: (cell, key) => {
      if (key === 'PageUp' || key === 'PageDown') return null;
      const index = target(cell, key);
      return index === undefined ? undefined : (cells[index] ?? null);
    },
    inside: (cell, focus, anchor) => {
      const [first, last] = [focus.day, anchor.day].sort();
      return cell.day >= first && cell.day <= last;
    },
    told: (focus, anchor) => onmove(...[focus.day, anchor.day].sort()),
    handed: (focus, anchor) => onrange(...[focus.day, anchor.day].sort()),
    beyond: (cell, key) => {
      const index = target(cell, key);
      onmonth(key === 'PageUp' || index < 0 ? -1 : 1, index);
    },
  });
  return { table, focus: chosen.focus };
}
