// @ts-check

/**
 * An element of the page that must be there.
 * @template {Element} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {E} */ (/** @type {unknown} */ (found));
}

/**
 * A new element. Whatever text it is given stays text: this page makes no element of what a peer says.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

/**
 * An id, of which the first part stands out: that is what people compare.
 * @param {string} id
 * @param {boolean} isShort
 */
export function idText(id, isShort = false) {
  const made = element('span', { class: 'id', title: id }, element('b', {}, id.slice(0, 8)));
  if (!isShort) made.append(element('span', {}, id.slice(8)));
  return made;
}

/**
 * The mark of a status. The word is always said beside it, or to those who do not see it.
 * @param {string} status
 */
export function mark(status) {
  return element('span', { class: `mark ${status}`, 'aria-hidden': 'true' });
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** How old something is, in words as short as they can be. @param {number} age milliseconds */
export function ageText(age) {
  const seconds = Math.max(0, age) / 1000;
  if (seconds < 1.5) return 'now';
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** A time that is shown by its age; `showAges` keeps it true. @param {number} at @param {number} now */
export function ageOf(at, now) {
  const made = element('time', { 'data-at': String(at), title: new Date(at).toISOString() });
  made.textContent = ageText(now - at);
  return made;
}

/** Tells all ages anew. @param {number} now */
export function showAges(now) {
  for (const shown of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-at]'))) {
    const text = ageText(now - Number(shown.dataset['at']));
    if (shown.textContent !== text) shown.textContent = text;
  }
}
