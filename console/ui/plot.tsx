// Lines over time, drawn by uPlot in the colours of the page.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

import { count } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { offset } from '../lib/today.ts';
import { atOffset } from '../lib/time.ts';
import { shownTheme } from '../lib/theme.ts';

export interface Line {
  label: string;
  /** The name of a colour of the style sheet. */
  color: '--main' | '--hot' | '--held';
  values: readonly (number | null)[];
}

interface Props {
  /** What it shows, for who cannot see it. */
  label: string;
  /** Seconds since 1970. */
  times: readonly number[];
  lines: readonly Line[];
}

const HEIGHT = 180;

export function Plot({ label, times, lines }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [[...times], ...lines.map(({ values }) => [...values])];
  const latest = useRef(data);
  latest.current = data;
  const shape = `${lines.map((line) => line.label).join()} ${shownTheme.value}`;
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const made = new uPlot(options(lines, parent.clientWidth), latest.current, parent);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: HEIGHT }));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [times, lines]);
  return <div class="plot" ref={box} role="img" aria-label={label} />;
}

function options(lines: readonly Line[], width: number): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const color = (name: string): string => styles.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--ink-soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1 },
  };
  const wall = (seconds: number): string => atOffset(seconds * 1000, offset.peek()).slice(11, 16);
  return {
    width,
    height: HEIGHT,
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(wall) },
      { ...axis, size: 48 },
    ],
    scales: { y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    series: [
      { label: t('notes.when'), value: (_, seconds) => (seconds === null ? '' : wall(seconds)) },
      ...lines.map((line) => ({
        label: line.label,
        stroke: color(line.color),
        width: 2,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '' : count(value)),
      })),
    ],
    legend: { live: true },
    cursor: { drag: { x: false, y: false } },
  };
}
