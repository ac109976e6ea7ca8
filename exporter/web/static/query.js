'use strict';
// The power of one query's time, with prefill and decode shaded.
(async () => {
  const figure = document.getElementById('query-power');
  if (!figure) return;
  const {from, accelerator} = figure.dataset;
  const second = (name) => (figure.dataset[name] === undefined ? null : Number(figure.dataset[name]));
  const first = second('firstToken'), answer = second('answer'), last = second('lastToken'), ended = second('ended');
  const around = Math.min(60, Math.max(0.05, ended / 4)), margin = Math.ceil(around);

  const shade = (canvas, area, graph) => {
    const fill = (begin, end, name) => {
      if (begin === null || end === null) return;
      const left = graph.toDomXCoord(begin);
      canvas.fillStyle = powerChart.colour(name);
      canvas.fillRect(left, area.y, Math.max(1, graph.toDomXCoord(end) - left), area.h);
    };
    fill(0, first === null ? ended : first, '--prefill-ground');
    fill(first, last, '--decode-ground');
    if (answer !== null && answer !== first) {
      canvas.fillStyle = powerChart.colour('--soft');
      canvas.fillRect(graph.toDomXCoord(answer), area.y, 1, area.h);
    }
  };

  const chart = powerChart.open(figure, {
    stampOf: (seconds) => seconds,
    textOf: (at) => `${at.toFixed(3)} s after it was sent`,
    underlay: shade,
    shown: (channel) => channel.device_name !== '' && accelerator.includes(channel.device_name),
    options: {xlabel: '', axes: {
      x: {axisLabelFormatter: (value) => `${Number(value.toFixed(3))} s`},
      y: {axisLabelWidth: 56, axisLabelFormatter: (value) => `${value} W`},
    }},
  });
  try {
    const reply = await fetch(`${from}?margin=${margin}`, {signal: AbortSignal.timeout(10000)});
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const query = await reply.json();
    chart.update(powerChart.named(query.power_samples), [-around, ended + around]);
  } catch (error) {
    figure.querySelector('.readout').textContent = `The curve could not be fetched: ${error.message}`;
  }
})();
