'use strict';
// The live curve of the status page, and the queries below it: one bar each, in as many lanes as ran at once.
(() => {
  const figure = document.getElementById('live-power');
  if (!figure) return;
  const kSeconds = 120, kSamples = 240, kLanes = 16, kLaneHeight = 9;
  const lanesPlace = figure.querySelector('.lanes');
  const bars = new Map();
  let queries = [], now = 0;
  const {shape, colour, named} = powerChart;

  const chart = powerChart.open(figure, {
    stampOf: (seconds) => new Date(seconds * 1000),
    textOf: (at) => `${new Date(at).toISOString().slice(11, 19)} UTC`,
    underlay: (canvas, area, graph) => {
      canvas.fillStyle = colour('--failed');
      for (const query of queries)
        if (query.answered === false) canvas.fillRect(graph.toDomXCoord(query.ended_at * 1000), area.y, 1, area.h);
    },
    drawn: draw,
  });

  // The first lane that is free at its start; those beyond the last one share it.
  function laneOf(ends, query) {
    const free = ends.findIndex((end) => end <= query.sent_at);
    const lane = free >= 0 ? free : Math.min(ends.length, kLanes - 1);
    ends[lane] = Math.max(ends[lane] || 0, query.ended_at || now);
    return lane;
  }

  function place(rect, from, to, kind) {
    rect.setAttribute('x', from.toFixed(1));
    rect.setAttribute('width', Math.max(0, to - from).toFixed(1));
    rect.setAttribute('class', kind);
  }

  function barOf(query) {
    if (!bars.has(query.id)) {
      const bar = shape('a', {tabindex: -1}), title = shape('title', {});
      bar.append(title, shape('rect', {height: kLaneHeight - 2}), shape('rect', {height: kLaneHeight - 2}));
      bars.set(query.id, bar);
    }
    return bars.get(query.id);
  }

  function drawBar(query, lane, xOf) {
    const bar = barOf(query), [title, before, after] = bar.children;
    const end = query.ended_at || now, first = query.first_token_at || end;
    if (query.ended_at && !query.warmup) bar.setAttribute('href', `/queries/${encodeURIComponent(query.id)}`);
    const state = query.outcome || 'running';
    const text = `${query.query_id}: ${state}, ${(end - query.sent_at).toFixed(2)} s${query.warmup ? ', warm-up' : ''}`;
    if (title.textContent !== text) title.textContent = text;
    const failed = query.answered === false, running = !query.ended_at;
    place(before, xOf(query.sent_at), xOf(first), failed ? 'failed' : running ? 'running' : 'prefill');
    place(after, xOf(first), Math.max(xOf(first) + 1, xOf(end)), failed ? 'failed' : 'decode');
    for (const rect of [before, after]) rect.setAttribute('y', lane * kLaneHeight + 1);
    return bar;
  }

  function drawTarget(name, graph) {
    const area = graph.getArea(), ends = [];
    const xOf = (at) => Math.min(area.x + area.w, Math.max(area.x, graph.toDomXCoord(at * 1000)));
    const drawnBars = queries.filter((query) => query.target === name).sort((a, b) => a.sent_at - b.sent_at)
        .map((query) => drawBar(query, laneOf(ends, query), xOf));
    let lanes = [...lanesPlace.children].find((child) => child.dataset.target === name);
    if (!lanes) {
      lanes = document.createElement('div');
      lanes.dataset.target = name;
      lanes.append(document.createElement('p'), shape('svg', {role: 'img'}));
      lanesPlace.append(lanes);
    }
    lanes.querySelector('p').textContent = `${name}, the latest ${drawnBars.length} queries`;
    const picture = lanes.querySelector('svg');
    const failed = queries.filter((query) => query.target === name && query.answered === false).length;
    picture.setAttribute('aria-label', `${drawnBars.length} queries of ${name}, ${failed} failed`);
    picture.setAttribute('height', Math.max(1, ends.length) * kLaneHeight);
    const gone = new Set(picture.children);
    for (const bar of drawnBars) {
      gone.delete(bar);
      if (bar.parentNode !== picture) picture.append(bar);
    }
    for (const bar of gone) bar.remove();
  }

  function draw(graph) {
    const known = new Set(queries.map((query) => query.id));
    for (const id of [...bars.keys()]) if (!known.has(id)) bars.delete(id);
    for (const name of new Set(queries.map((query) => query.target))) drawTarget(name, graph);
  }

  async function refresh() {
    try {
      const address = `/api/v1/power?seconds=${kSeconds}&samples=${kSamples}`;
      const answer = await fetch(address, {signal: AbortSignal.timeout(5000)});
      if (!answer.ok) return;
      const power = await answer.json();
      ({queries, now} = power);
      chart.update(named(power.channels), [(now - kSeconds) * 1000, now * 1000]);
    } catch {
      // live.js says that the sidecar is away; the curve stays as it is
    }
  }
  document.addEventListener('ipw-refreshed', refresh);
  refresh();
})();
