'use strict';
// A chart of power in a <figure>: colours of the theme, a legend of switches, a readout for mouse and arrow keys.
const powerChart = (() => {
  const kColours = 6;
  // Its own legend sets inline styles, which the page's policy forbids.
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const watts = (value) => `${Number(value.toPrecision(4))} W`;
  const shapes = 'http://www.w3.org/2000/svg';

  function shape(name, attributes) {
    const made = document.createElementNS(shapes, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // [[x, power of each channel]] over the stamps of all channels: null between a channel's own, NaN where it is unknown.
  function merge(channels, stampOf) {
    const rows = new Map();
    channels.forEach((channel, i) => {
      for (const [at, power] of channel.samples) {
        if (!rows.has(at)) rows.set(at, new Array(channels.length).fill(null));
        rows.get(at)[i] = power === null ? NaN : power;
      }
    });
    return [...rows].sort((a, b) => a[0] - b[0]).map(([at, powers]) => [stampOf(at), ...powers]);
  }

  function summary(channels) {
    return channels.map(({name, samples}) => {
      const known = samples.map((sample) => sample[1]).filter((power) => power !== null);
      if (!known.length) return `${name}: not known`;
      const mean = known.reduce((sum, power) => sum + power, 0) / known.length;
      return `${name}: ${watts(known.at(-1))} last, ${watts(mean)} on average, ${watts(Math.max(...known))} at most`;
    }).join('; ');
  }

  // `stampOf` makes an x of a sample's stamp, `textOf` a text of an x; `underlay` and `drawn` as in Dygraphs.
  function open(figure, {stampOf, textOf, underlay, drawn = () => {}, options = {}, shown = () => true}) {
    const place = figure.querySelector('.chart'), readout = figure.querySelector('.readout');
    const legend = figure.querySelector('.legend');
    const about = place.getAttribute('aria-label');
    let graph = null, names = [], rows = [], visible = [], at = -1;

    const theme = () => ({
      colors: names.map((_, i) => colour(`--c${i % kColours}`)),
      gridLineColor: colour('--line'),
      axisLineColor: colour('--line'),
    });

    const say = (row) => {
      const powers = rows[row].slice(1).map((_, i) => {
        let near = row;  // the channel's own latest stamp
        while (near > 0 && rows[near][i + 1] === null) --near;
        return [names[i], rows[near][i + 1], visible[i]];
      });
      readout.textContent = [textOf(rows[row][0]), ...powers.filter(([, power, on]) => on && power !== null)
          .map(([name, power]) => `${name} ${Number.isNaN(power) ? 'unknown' : watts(power)}`)].join(' · ');
    };
    const quiet = () => {
      at = -1;
      readout.textContent = '';
    };

    function move(event) {
      const last = rows.length - 1, step = Math.max(1, Math.round(rows.length / 100));
      const to = {ArrowLeft: (at < 0 ? last : at) - step, ArrowRight: at < 0 ? 0 : at + step, Home: 0, End: last}[event.key];
      if (to === undefined || last < 0) return;
      event.preventDefault();
      at = Math.min(last, Math.max(0, to));
      graph.setSelection(at);
      say(at);
    }

    function list() {
      legend.replaceChildren(...names.map((name, i) => {
        const entry = document.createElement('li'), button = document.createElement('button');
        const swatch = shape('svg', {class: 'swatch', viewBox: '0 0 1 1', 'aria-hidden': 'true'});
        swatch.append(shape('rect', {class: `c${i % kColours}`, width: 1, height: 1}));
        button.type = 'button';
        button.append(swatch, name);
        button.setAttribute('aria-pressed', visible[i]);
        button.addEventListener('click', () => {
          visible[i] = !visible[i];
          button.setAttribute('aria-pressed', visible[i]);
          graph.setVisibility(i, visible[i]);
        });
        entry.append(button);
        return entry;
      }));
    }

    function create() {
      if (graph) graph.destroy();
      graph = new Dygraph(place, rows, {
        labels: ['at', ...names], visibility: visible, connectSeparatedPoints: true, includeZero: true,
        labelsUTC: true, strokeWidth: 1.5, highlightCircleSize: 3, interactionModel: {}, axisLabelFontSize: 12, rightGap: 8,
        axes: {y: {axisLabelWidth: 56, axisLabelFormatter: (value) => `${value} W`}},
        underlayCallback: underlay, drawCallback: drawn, unhighlightCallback: quiet,
        highlightCallback: (event, x, points, row) => {
          at = row;
          say(row);
        },
        ...theme(), ...options,
      });
    }

    function update(channels, range) {
      const found = channels.map((channel) => channel.name);
      rows = merge(channels, stampOf);
      if (!rows.length) {
        readout.textContent = 'No power is known of this time.';
        return;
      }
      place.setAttribute('aria-label', `${about}. ${summary(channels)}.`);
      if (!graph || found.join('\n') !== names.join('\n')) {
        names = found;
        visible = channels.map(shown);
        if (!visible.some(Boolean)) visible.fill(true);
        create();
        list();
        if (range) graph.updateOptions({dateWindow: range});
      } else {
        graph.updateOptions({file: rows, dateWindow: range});
        if (at >= 0) graph.setSelection(Math.min(at, rows.length - 1));
      }
    }

    place.addEventListener('keydown', move);
    place.addEventListener('blur', () => {
      if (graph) graph.clearSelection();
      quiet();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => graph && graph.updateOptions(theme()));
    return {update};
  }

  const named = (channels) => channels.map((channel) => ({...channel, name: `${channel.source}/${channel.channel}`}));
  return {open, named, colour, shape};
})();
