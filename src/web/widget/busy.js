/*
 * A button that works: pressed again it does nothing, and it says what it is doing. Answers a function that
 * ends this.
 */
export function busy(panel, button, text) {
  if (button.getAttribute('aria-disabled') === 'true') return null;
  const before = button.textContent;
  button.setAttribute('aria-disabled', 'true');
  button.textContent = text;
  panel.say(text);
  return () => {
    button.removeAttribute('aria-disabled');
    button.textContent = before;
  };
}
