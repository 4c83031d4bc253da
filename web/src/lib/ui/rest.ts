/** Longer than between the two taps of a hurried finger, shorter than it takes to read a new page. */
export const REST_MS = 700;

type Resting = Pick<HTMLElement, 'addEventListener' | 'removeEventListener' | 'setAttribute' | 'removeAttribute'>;

/**
 * Lets buttons rest for {@link REST_MS}: whoever taps or presses a key twice does not set off what has just taken the
 * place of the first button. They look as always and keep the focus; assistive technology is told that they are disabled.
 * @returns ends the rest at once
 */
export function rest(element: Resting): () => void {
  const refuse = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  element.setAttribute('aria-disabled', 'true');
  // A key pressed on a button arrives as a click, too.
  element.addEventListener('click', refuse, { capture: true });
  const end = () => {
    clearTimeout(timer);
    element.removeAttribute('aria-disabled');
    element.removeEventListener('click', refuse, { capture: true });
  };
  const timer = setTimeout(end, REST_MS);
  return end;
}
