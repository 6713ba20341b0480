/*
 * A grid of days by half hours: looked at, clicked, dragged over, and walked with the keys.
 *
 * Arrows move, Home and End go along the week, PageUp and PageDown to the first and last row; with Shift the arrows
 * choose a range, as dragging does. Enter, Space, a click or the end of a drag hand the range to `onrange`. One cell is
 * in the tab order. The coloured blocks lie over the cells and are hidden from screen readers, whose words are in the
 * cells.
 *
 *   days      [{name, head}]   head: what stands above the column, text or an element
 *   from, to  minutes of the day that are shown, multiples of 30
 *   name      (column, minute) -> the cell's name
 *   kind      (column, minute) -> the cell's class
 *   blocks    (column) -> [{from, to, kind, text}] in minutes of that day
 *   onrange   ({first, last, from, to}) the columns and minutes of the range; `to` is exclusive
 *   onmove    (text) what to say while a range is being chosen by the keys
 */

import { h } from './widget.js?v=@VERSION@';

const step = 30;

export function timeGrid({ label, days, from, to, time, name, kind, blocks, onrange, onmove }) {
  const rows = Array.from({ length: (to - from) / step }, (_, index) => from + index * step);
  const cells = []; // cells[column][row]
  let focus = { column: 0, row: Math.max(0, rows.indexOf(540)) };
  let anchor = null;
  let dragging = false;

  const body = rows.map((minute, row) => h('tr', null,
    h('th', { scope: 'row', class: minute % 60 ? 'half' : null }, h('span', { class: minute % 60 ? 'hidden' : null }, time(minute))),
    days.map((day, column) => {
      const cell = h('td', { role: 'gridcell', tabindex: '-1', class: kind(column, minute) }, h('span', { class: 'hidden' }, name(column, minute)));
      (cells[column] ??= [])[row] = cell;
      cell.at = { column, row };
      return cell;
    })));
  const table = h('table', { class: 'grid', role: 'grid', 'aria-label': label, 'aria-multiselectable': 'true' },
    h('thead', null, h('tr', null, h('td', null), days.map((day) => h('th', { scope: 'col' }, day.head)))), h('tbody', null, body));

  days.forEach((day, column) => {
    for (const block of blocks(column)) {
      const top = Math.max(block.from, from);
      const bottom = Math.min(block.to, to);
      if (top >= bottom) continue;
      const row = Math.floor((top - from) / step);
      const node = h('div', { class: `block ${block.kind}`, 'aria-hidden': 'true' }, block.text && h('span', null, block.text));
      node.style.setProperty('--top', (top - from - row * step) / step);
      node.style.setProperty('--size', (bottom - top) / step);
      cells[column][row].append(node);
    }
  });

  const range = () => {
    const other = anchor ?? focus;
    return { first: Math.min(focus.column, other.column), last: Math.max(focus.column, other.column),
      from: rows[Math.min(focus.row, other.row)], to: rows[Math.max(focus.row, other.row)] + step };
  };
  const mark = () => {
    const chosen = range();
    cells.forEach((list, column) => list.forEach((cell, row) => {
      const inside = anchor && column >= chosen.first && column <= chosen.last && rows[row] >= chosen.from && rows[row] < chosen.to;
      cell.setAttribute('aria-selected', Boolean(inside));
    }));
  };
  const move = (column, row, extend) => {
    cells[focus.column][focus.row].setAttribute('tabindex', '-1');
    if (extend) anchor ??= focus;
    else anchor = null;
    focus = { column: Math.max(0, Math.min(days.length - 1, column)), row: Math.max(0, Math.min(rows.length - 1, row)) };
    const cell = cells[focus.column][focus.row];
    cell.setAttribute('tabindex', '0');
    cell.focus();
    mark();
    if (extend) onmove?.(range());
  };
  const hand = () => {
    const chosen = range();
    anchor ??= focus;
    mark();
    onrange(chosen);
  };

  cells[focus.column][focus.row].setAttribute('tabindex', '0');
  mark();
  table.addEventListener('keydown', (event) => {
    const at = event.target.at;
    if (!at || event.ctrlKey || event.altKey || event.metaKey) return;
    if (cells[focus.column][focus.row] !== event.target) move(at.column, at.row, false); // a screen reader set the focus by itself
    const forward = getComputedStyle(table).direction === 'rtl' ? -1 : 1;
    const steps = { ArrowRight: [forward, 0], ArrowLeft: [-forward, 0], ArrowDown: [0, 1], ArrowUp: [0, -1], PageUp: [0, -rows.length],
      PageDown: [0, rows.length], Home: [-days.length, 0], End: [days.length, 0] };
    if (event.key in steps) move(at.column + steps[event.key][0], at.row + steps[event.key][1], event.shiftKey);
    else if (event.key === 'Enter' || event.key === ' ') hand();
    else if (event.key === 'Escape' && anchor) move(at.column, at.row, false);
    else return;
    event.preventDefault();
  });
  // A finger scrolls the page and taps; only a mouse or a pen drags.
  table.addEventListener('pointerdown', (event) => {
    const at = event.target.closest('td')?.at;
    if (!at || event.button !== 0 || event.pointerType === 'touch') return;
    event.preventDefault();
    move(at.column, at.row, event.shiftKey);
    anchor ??= focus;
    dragging = true;
  });
  table.addEventListener('pointerover', (event) => {
    const at = event.target.closest('td')?.at;
    if (dragging && at) move(at.column, at.row, true);
  });
  const end = new AbortController();
  window.addEventListener('pointerup', () => {
    if (!table.isConnected) return end.abort();
    if (!dragging) return undefined;
    dragging = false;
    return hand();
  }, { signal: end.signal });
  table.addEventListener('click', (event) => {
    const at = event.target.closest('td')?.at;
    if (!at || event.pointerType === 'mouse' || event.pointerType === 'pen') return; // dragging has seen to those
    move(at.column, at.row, false);
    hand();
  });
  return {
    table,
    focus: () => cells[focus.column][focus.row].focus(),
    clear: () => { anchor = null; mark(); },
    goTo: (column, minute) => { if (cells[column]) move(column, Math.max(0, rows.indexOf(minute)), false); },
  };
}

/* A month of dates, chosen in the same way; `state` gives each date's class and words. */
export function monthGrid({ label, month, days, weekdayHeads, lead, name, state, start, onrange, onmove, onmonth }) {
  const buttons = new Map();
  let focus = start && days.includes(start) ? start : days[0];
  let anchor = null;
  let dragging = false;
  const cells = [...Array(lead).fill(null), ...days].map((day) => {
    if (!day) return h('td', null);
    const button = h('td', { role: 'gridcell', tabindex: '-1', 'aria-label': name(day), class: state(day) }, String(Number(day.slice(8))));
    button.day = day;
    buttons.set(day, button);
    return button;
  });
  const weeks = [];
  for (let index = 0; index < cells.length; index += 7) weeks.push(h('tr', null, cells.slice(index, index + 7)));
  const table = h('table', { class: 'month', role: 'grid', 'aria-label': label, 'aria-multiselectable': 'true' },
    h('thead', null, h('tr', null, weekdayHeads.map(([short, long]) => h('th', { scope: 'col', abbr: long }, short)))), h('tbody', null, weeks));
  const range = () => [focus, anchor ?? focus].sort();
  const mark = () => {
    const [first, last] = range();
    for (const [day, button] of buttons) button.setAttribute('aria-selected', Boolean(anchor) && day >= first && day <= last);
  };
  const move = (day, extend) => {
    if (!buttons.has(day)) return;
    buttons.get(focus).setAttribute('tabindex', '-1');
    if (extend) anchor ??= focus;
    else anchor = null;
    focus = day;
    buttons.get(day).setAttribute('tabindex', '0');
    buttons.get(day).focus();
    mark();
    if (extend) onmove?.(range());
  };
  const hand = () => {
    anchor ??= focus;
    mark();
    onrange(...range());
  };
  buttons.get(focus).setAttribute('tabindex', '0');
  mark();
  table.addEventListener('keydown', (event) => {
    const { day } = event.target;
    if (!day || event.ctrlKey || event.altKey || event.metaKey) return;
    if (day !== focus) move(day, false);
    const forward = getComputedStyle(table).direction === 'rtl' ? -1 : 1;
    const index = days.indexOf(day);
    const column = (lead + index) % 7;
    const steps = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: 7, ArrowUp: -7, Home: -column, End: 6 - column };
    if (event.key in steps) {
      const next = index + steps[event.key];
      if (days[next]) move(days[next], event.shiftKey);
      else if (!event.shiftKey && /Arrow/.test(event.key)) onmonth(next < 0 ? -1 : 1, next);
    } else if (event.key === 'PageUp' || event.key === 'PageDown') onmonth(event.key === 'PageUp' ? -1 : 1);
    else if (event.key === 'Enter' || event.key === ' ') hand();
    else return;
    event.preventDefault();
  });
  table.addEventListener('pointerdown', (event) => {
    const { day } = event.target;
    if (!day || event.button !== 0 || event.pointerType === 'touch') return;
    event.preventDefault();
    move(day, event.shiftKey);
    anchor ??= focus;
    dragging = true;
  });
  table.addEventListener('pointerover', (event) => {
    if (dragging && event.target.day) move(event.target.day, true);
  });
  const end = new AbortController();
  window.addEventListener('pointerup', () => {
    if (!table.isConnected) return end.abort();
    if (!dragging) return undefined;
    dragging = false;
    return hand();
  }, { signal: end.signal });
  table.addEventListener('click', (event) => {
    if (!event.target.day || event.pointerType === 'mouse' || event.pointerType === 'pen') return;
    move(event.target.day, false);
    hand();
  });
  return { table, focus: () => buttons.get(focus).focus() };
}

