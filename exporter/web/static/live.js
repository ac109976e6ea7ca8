'use strict';
// The server renders the page; this fetches it again and takes over what differs. What a person has focused, selected,
// opened or scrolled stays as it is. Fetched text is parsed without running anything in it.
(() => {
  const kEvery = 2000, kMost = 30000, kPatience = 5000;
  let wait = kEvery, timer = 0, busy = false, answered = new Date();

  const selected = (node) => {
    const selection = document.getSelection();
    return Boolean(selection) && !selection.isCollapsed && selection.containsNode(node, true);
  };

  const nameOf = (node) => {
    if (node.id) return `#${node.id}`;
    if (node.nodeName !== 'TR' || !node.cells || node.cells.length < 2) return node.nodeName;
    const link = node.querySelector('a');
    return link ? link.getAttribute('href') : node.cells[0].textContent + node.cells[1].textContent;
  };

  // Every child by a name that stays its own while others come and go.
  const byName = (parent) => {
    const children = new Map(), seen = new Map();
    for (const node of parent.childNodes) {
      const name = nameOf(node), n = seen.get(name) || 0;
      seen.set(name, n + 1);
      children.set(`${name} ${n}`, node);
    }
    return children;
  };

  function takeAttributes(old, fresh) {
    for (const {name, value} of fresh.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const {name} of [...old.attributes])
      if (!fresh.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name);
  }

  function takeChildren(old, fresh) {
    const known = byName(old), wanted = byName(fresh), names = new Map([...known].map(([name, node]) => [node, name]));
    let at = old.firstChild;
    for (const [name, node] of wanted) {
      const own = known.get(name);
      while (at && at !== own && !wanted.has(names.get(at))) {
        const next = at.nextSibling;
        at.remove();
        at = next;
      }
      if (!own) {
        old.insertBefore(document.adoptNode(node), at);
        continue;
      }
      if (own === at) at = at.nextSibling;
      else old.insertBefore(own, at);
      take(own, node);
    }
    while (at) {
      const next = at.nextSibling;
      if (!wanted.has(names.get(at))) at.remove();
      at = next;
    }
  }

  function take(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data && !selected(old)) old.data = fresh.data;
      return;
    }
    if (old.hasAttribute('data-own')) return;
    takeAttributes(old, fresh);
    takeChildren(old, fresh);
  }

  function update(page) {
    const main = page.querySelector('main'), script = 'script[src*="/live.js"]';
    if (!main) throw new Error('not the page');
    if (page.querySelector(script)?.getAttribute('src') !== document.querySelector(script).getAttribute('src'))
      return location.reload();  // another version of the sidecar
    const focused = document.activeElement, above = [];
    for (let node = focused; node && node !== document.body; node = node.parentElement) above.push(node);
    take(document.querySelector('main'), main);
    if (focused !== document.activeElement)
      above.find((node) => node.isConnected && node.tabIndex >= -1)?.focus({preventScroll: true});
  }

  function tell(text) {
    const place = document.getElementById('connection');
    if (place.textContent !== text) place.textContent = text;
    document.body.classList.toggle('stale', text !== '');
  }

  async function refresh() {
    clearTimeout(timer);
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(location.pathname + location.search, {signal: AbortSignal.timeout(kPatience)});
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      update(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      answered = new Date();
      wait = kEvery;
      tell('');
      document.dispatchEvent(new Event('ipw-refreshed'));
    } catch {
      wait = Math.min(2 * wait, kMost);
      tell(`No answer from the sidecar. These figures are of ${answered.toISOString().slice(11, 19)} UTC.`);
    }
    busy = false;
    if (!document.hidden) timer = setTimeout(refresh, wait);
  }

  const again = () => {
    wait = kEvery;
    refresh();
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : again()));
  window.addEventListener('online', again);
  timer = setTimeout(refresh, kEvery);
})();
