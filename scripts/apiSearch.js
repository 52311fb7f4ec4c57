// In the pages of `npm run docs:api`: the index of names that TypeDoc makes has no signs at their ends, so that nobody
// would find `tailnetClient$` who types it as it is written. What is searched for goes without the sign.
globalThis.document.addEventListener(
  'input',
  ({ target }) => {
    if (target.id === 'tsd-search-input') target.value = target.value.replaceAll('$', '');
  },
  { capture: true },
);
