// How Sphinx's search ranks pages, and what it does with a pasted error message.

// `var`, as Sphinx's own script declares it once more
var Scorer = {
  // traps first, then what exercises say, then lessons
  score: ([docname, , , , score]) =>
    score + (/^traps\/\d/.test(docname) ? 40 : docname.startsWith("exercises/") ? 20 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

// A message holds words that no page has, such as your own shapes and names. Sphinx finds only pages with every word,
// so keep the words of the page that has most of them.
function shared(terms, index) {
  const files = (found) => (found === undefined ? [] : [].concat(found));
  const pages = new Map();
  for (const term of terms) {
    const of = (words) =>
      Object.hasOwn(words, term)
        ? files(words[term])
        : Object.keys(words).filter((word) => term.length > 2 && word.includes(term)).flatMap((word) => files(words[word]));
    for (const page of new Set([...of(index.terms), ...of(index.titleterms)]))
      pages.set(page, (pages.get(page) ?? new Set()).add(term));
  }
  let best = new Set();
  for (const held of pages.values()) if (held.size > best.size) best = held;
  return best.size ? best : terms;
}

function tolerate() {
  const parse = Search._parseQuery;
  Search._parseQuery = (query) => {
    const [text, terms, ...others] = parse(query);
    return [text, shared(terms, Search._index), ...others];
  };
}

// the theme decides which of Sphinx's scripts comes first
if (typeof Search === "undefined") document.addEventListener("DOMContentLoaded", tolerate);
else tolerate();
