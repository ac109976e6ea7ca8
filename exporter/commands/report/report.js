'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const redraws = [];
  // Its legend sets style attributes, which the policy forbids; ours are below the plots.
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);
  const make = (parent, tag, text, className) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    if (className) node.className = className;
    parent.append(node);
    return node;
  };
  const shown = value => value === null || value === undefined ? 'unknown' : String(Number(value.toPrecision(4)));
  const tick = value => String(Number(value.toPrecision(6)));  // the library's own has two decimals
  const signed = value => value < 0 ? `− ${shown(-value)}` : `+ ${shown(value)}`;
  const X = {input_tokens: 'input tokens', output_tokens: 'output tokens', total_tokens: 'total tokens', log_total_tokens: 'ln(total tokens)'};
  const Y = {
    energy: ['Energy', 'J', 'energy'], power: ['Mean power', 'W', 'power'], log_power: ['Mean power, ln', 'ln W', 'power'],
    time_to_first_token: ['Time to first token', 's', 'time_to_first_token'], latency: ['Latency', 's', 'latency']};

  const figure = (grid, title) => {
    const box = make(grid, 'figure');
    make(box, 'h4', title);
    const plot = make(box, 'div', '', 'plot');
    plot.setAttribute('role', 'img');
    const legend = make(box, 'div', '', 'legend');
    return {plot, legend, caption: make(box, 'figcaption')};
  };

  // Draws with what both kinds of plots share; a new one replaces the old.
  const draw = (at, rows, options) => {
    if (at.graph) at.graph.destroy();
    at.graph = new Dygraph(at.plot, rows, Object.assign({
      axisLabelFontSize: 12, axisLineColor: colour('line'), gridLineColor: colour('line'), gridLineWidth: 0.4,
      legend: 'never', animatedZooms: false, xRangePad: 8, yRangePad: 8, rightGap: 12,
      axes: {x: {pixelsPerLabel: 70, axisLabelWidth: 60}, y: {axisLabelWidth: 58, valueFormatter: shown, axisLabelFormatter: tick}},
      unhighlightCallback: () => { at.legend.textContent = ''; if (at.keys) at.keys(); },
    }, options));
  };

  const xOf = (points, x, i) => {
    const a = points.input[i], b = points.output[i];
    if (x === 'input_tokens') return a;
    if (x === 'output_tokens') return b;
    if (a === null || b === null) return null;
    return x === 'total_tokens' ? a + b : Math.log(a + b);
  };

  const scatter = (grid, target, y, choice) => {
    const [title, unit, column] = Y[y], points = target.points;
    const values = points[column].map(v => v !== null && y === 'log_power' ? Math.log(v) : v);
    if (!values.some(v => v !== null)) return;
    const at = figure(grid, `${title} (${unit})`);
    at.keys = () => {
      for (const [name, text] of [['right', 'correct'], ['wrong', 'wrong'], ['unknown', 'not judged']]) {
        make(at.legend, 'span', '', 'key ' + name);
        at.legend.append(text);
      }
    };
    const redraw = () => {
      const x = choice.value, line = (target.lines[y] || {})[x], rows = [];
      for (let i = 0; i < values.length; i++) {
        const px = xOf(points, x, i);
        if (px === null || values[i] === null) continue;
        const row = [px, null, null, null, null, i];
        row[points.right[i] === null ? 3 : points.right[i] ? 1 : 2] = values[i];
        rows.push(row);
      }
      if (line) for (const px of [line.from, line.to]) rows.push([px, null, null, null, line.a + line.b * px, -1]);
      rows.sort((a, b) => a[0] - b[0]);
      const index = rows.map(row => row.pop());
      const count = rows.length - (line ? 2 : 0);
      const points_only = {strokeWidth: 0, drawPoints: true, pointSize: 2.5, highlightCircleSize: 5};
      if (count === 0) rows.push([0, null, null, null, null]);
      draw(at, rows, {
        labels: ['x', 'correct', 'wrong', 'not judged', 'line'], colors: ['right', 'wrong', 'quiet', 'fit'].map(colour),
        xlabel: X[x], connectSeparatedPoints: true, strokeWidth: 0,
        series: {correct: points_only, wrong: points_only, 'not judged': points_only, line: {strokeWidth: 1.5, highlightCircleSize: 0}},
        highlightCallback: (event, px, near, row) => {
          const i = index[row];
          at.legend.textContent = i < 0 ? '' : `${points.query[i]}: ${shown(px)} ${X[x]}, ${shown(values[i])} ${unit}`;
        },
        pointClickCallback: (event, point) => {
          const i = index[rows.findIndex(row => row[0] === point.xval && row.includes(point.yval))];
          if (data.sidecar && i >= 0) window.open(`${data.sidecar}/queries/${encodeURIComponent(points.id[i])}`, '_blank', 'noopener');
        },
      });
      at.legend.textContent = '';
      at.keys();
      const some = target.seen > points.query.length ? ` Shown are ${points.query.length} of ${target.seen} queries, chosen by a hash of their ids; the line is of all.` : '';
      const fit = line ? `y = ${shown(line.a)} ${signed(line.b)} · x, R² = ${shown(line.r2)}, n = ${line.n}.` : 'No line: fewer than three queries, or all alike.';
      at.caption.textContent = fit + some;
      at.plot.setAttribute('aria-label', `${title} in ${unit} over ${X[x]}, ${count} queries. ${fit}`);
    };
    redraws.push(redraw);
    choice.addEventListener('change', redraw);
  };

  const histogram = (grid, name, unit, bins) => {
    if (!bins) return;
    const at = figure(grid, `${name}, distribution`), rows = [[bins.lower - bins.width, 0]];
    bins.counts.forEach((count, i) => rows.push([bins.lower + i * bins.width, count]));
    rows.push([bins.lower + bins.counts.length * bins.width, 0]);
    const text = `Histogram: ${bins.counts.length} bins of ${shown(bins.width)} ${unit} from ${shown(bins.lower)} ${unit}, ${bins.counts.reduce((a, b) => a + b, 0)} queries.`;
    at.caption.textContent = text;
    at.plot.setAttribute('aria-label', `${name}. ${text}`);
    const redraw = () => draw(at, rows, {
      labels: ['x', 'queries'], colors: [colour('bar')], stepPlot: true, fillGraph: true, fillAlpha: 0.5, includeZero: true, xlabel: unit,
      highlightCallback: (event, x, near, row) => { at.legend.textContent = `${shown(x)} to ${shown(x + bins.width)} ${unit}: ${rows[row][1]} queries`; }});
    redraws.push(redraw);
  };

  const density = (grid, curve) => {
    if (!curve) return;
    const at = figure(grid, 'Output tokens, density'), rows = curve.density.map((value, i) => [curve.lower + i * curve.step, value]);
    const text = `Gaussian kernel density, bandwidth ${shown(curve.bandwidth)} tokens (Silverman), reflected at 0, of ${curve.n} queries.`;
    at.caption.textContent = text;
    at.plot.setAttribute('aria-label', text);
    const redraw = () => draw(at, rows, {
      labels: ['x', 'density'], colors: [colour('right')], fillGraph: true, strokeWidth: 1.5, includeZero: true, xlabel: 'output tokens',
      highlightCallback: (event, x, near) => { at.legend.textContent = `${shown(x)} tokens: ${shown(near[0].yval)}`; }});
    redraws.push(redraw);
  };

  const overTime = (grid, power) => {
    if (!power || power.begin.length === 0) return;
    const at = figure(grid, 'Mean power over the run'), rows = [];
    power.begin.forEach((begin, i) => {
      if (i > 0 && begin - power.begin[i - 1] > 1.5 * power.step) rows.push([new Date(1000 * (power.begin[i - 1] + power.step)), null]);
      rows.push([new Date(1000 * begin), power.watts[i]]);
    });
    const text = `Mean power of the queries that ran in each ${shown(power.step)} s, UTC; gaps: none ran.`;
    at.caption.textContent = text;
    at.plot.setAttribute('aria-label', text);
    const redraw = () => draw(at, rows, {
      labels: ['time', 'watts'], colors: [colour('right')], strokeWidth: 1.2, drawPoints: rows.length < 200, pointSize: 1.5, labelsUTC: true, ylabel: '',
      highlightCallback: (event, x, near) => { at.legend.textContent = `${new Date(x).toISOString().slice(0, 19)}Z: ${shown(near[0].yval)} W`; }});
    redraws.push(redraw);
  };

  const section = document.getElementById('plots');
  for (const target of data.targets) {
    make(section, 'h3', target.name + (target.scope ? ` (${target.scope}, ${target.quality})` : ''));
    const label = make(section, 'label', 'over '), choice = make(label, 'select');
    for (const [value, text] of Object.entries(X)) make(choice, 'option', text).value = value;
    choice.value = 'total_tokens';
    const grid = make(section, 'div', '', 'plots');
    for (const y of Object.keys(Y)) scatter(grid, target, y, choice);
    overTime(grid, target.power);
    histogram(grid, 'Energy', 'J', target.bins.energy);
    histogram(grid, 'Mean power', 'W', target.bins.power);
    histogram(grid, 'Latency', 's', target.bins.latency);
    histogram(grid, 'Time to first token', 's', target.bins.time_to_first_token);
    histogram(grid, 'Output tokens', 'tokens', target.bins.output_tokens);
    density(grid, target.density);
  }
  const redrawAll = () => redraws.forEach(redraw => redraw());
  redrawAll();  // once all figures stand: each is as wide as its neighbours leave it
  dark.addEventListener('change', redrawAll);
  document.documentElement.dataset.plots = redraws.length;
})();
