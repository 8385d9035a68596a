// A plot of one or two series over time. The library is loaded when the first plot appears.
import { html, useEffect, useRef } from '../lib.js';

let library;
const load = () => library ??= (async () => {
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = new URL('../vendor/uplot.css', import.meta.url).href;
  document.head.append(style);
  return (await import('../vendor/uplot.js')).default;
})();

const styleOf = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// stacked returns the series summed up, the last first: drawn in this order, each covers what is not its own of
// the one before, so that the bars stand on one another.
const stacked = series => series.map((_, n) => series[0].map((_, i) => series.slice(0, n + 1).reduce((sum, values) => sum + values[i], 0))).reverse();

/**
 * Plot shows the lists of values over the times, Unix seconds: as bars, each series on top of the one before, or
 * as a line for levels. The description is for a screen reader.
 */
export function Plot({ times, series, description, levels = false }) {
  const box = useRef(null);
  const plot = useRef(null);
  const data = [times, ...levels ? series : stacked(series)];
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    let removed = false;
    const draw = async () => {
      const UPlot = await load();
      plot.current?.destroy();
      if (!removed && box.current) { // the view may have changed while the library was loaded
        plot.current = new UPlot(optionsFor(UPlot, box.current, series.length, levels, latest.current[0]), latest.current, box.current);
      }
    };
    const resize = new ResizeObserver(() => box.current && plot.current?.setSize({ width: box.current.clientWidth, height: 184 }));
    const dark = matchMedia('(prefers-color-scheme: dark)');
    draw();
    resize.observe(box.current);
    dark.addEventListener('change', draw);
    return () => {
      removed = true;
      resize.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => { plot.current?.setData(data); }, [data]);
  return html`<div class="plot" ref=${box} role="img" aria-label=${description}></div>`;
}

// isAlone reports whether a series has only one value, of which no line can be drawn.
const isAlone = (plot, n) => plot.data[n].filter(value => value !== null).length === 1;

function optionsFor(UPlot, box, count, levels, times) {
  const axis = { stroke: styleOf('--plot-text'), grid: { stroke: styleOf('--plot-grid'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  const line = n => {
    const stroke = styleOf(`--plot-${n}`);
    if (!levels) {
      return { stroke, fill: stroke, width: 0, points: { show: false }, paths: UPlot.paths.bars({ size: [.72, 40] }) };
    }
    return { stroke, width: 2, fill: `${stroke}22`, points: { show: isAlone, fill: stroke, size: 8 }, spanGaps: true };
  };
  const step = times.length > 1 ? times[1] - times[0] : 3600; // half a bar at both ends
  return {
    width: box.clientWidth, height: 184, legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { range: (_, low, high) => levels ? [low, high] : [low - step / 2, high + step / 2] }, y: { range: (_, __, high) => [0, Math.max(high * 1.1, 4)] } },
    axes: [axis, { ...axis, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7] }],
    series: [{}, ...Array.from({ length: count }, (_, i) => line(count - i))],
  };
}
