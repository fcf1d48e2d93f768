// How Sphinx's search ranks pages, and what it does with a pasted error message.

// `var`, as Sphinx's own script declares it once more
var Scorer = {
  // for a name the two directions, for all else traps first, then what exercises say, then lessons
  score: ([docname, , , , score]) => {
    const first = isName ? { names: 60 } : { traps: isTrap(docname) ? 40 : 0, exercises: 20 };
    return score + (first[docname.split("/")[0]] ?? 0);
  },
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
// so keep the words of the page that has most of them; a trap is about one message, a lesson is about many.
const isTrap = (docname) => /^traps\/\d/.test(docname);
const TRAP = 1.75;

const isName = /^\s*(tf|keras|torch|nn)\.[\w.]+\s*$/.test(new URLSearchParams(window.location.search).get("q") ?? "");

function shared(terms, index) {
  const pages = new Map();
  const note = (words, term) => {
    const found = Object.hasOwn(words, term)
      ? [words[term]]
      : Object.keys(words).filter((word) => term.length > 2 && word.includes(term)).map((word) => words[word]);
    for (const page of found.flat()) pages.set(page, (pages.get(page) ?? new Set()).add(term));
  };
  for (const term of terms) [index.terms, index.titleterms].forEach((words) => note(words, term));
  const weight = ([page, held]) => held.size * (isTrap(index.docnames[page]) ? TRAP : 1);
  const best = [...pages].reduce((one, other) => (weight(other) > weight(one) ? other : one), [0, new Set()]);
  return best[1].size ? best[1] : terms;
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
