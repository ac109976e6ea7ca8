'use strict';
// The server renders the page; this only fetches it again. Fetched text is parsed without running anything in it.
async function refresh() {
  try {
    const answer = await fetch('/', {signal: AbortSignal.timeout(5000)});
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const scrolled = [...document.querySelectorAll('.wide')].map((table) => table.scrollLeft);
    if (!document.getSelection().toString())
      document.querySelector('main').replaceWith(document.adoptNode(page.querySelector('main')));
    document.querySelectorAll('.wide').forEach((table, i) => { table.scrollLeft = scrolled[i] || 0; });
    document.body.classList.remove('stale');
  } catch {
    document.body.classList.add('stale');
  }
  setTimeout(refresh, 2000);
}
setTimeout(refresh, 2000);
