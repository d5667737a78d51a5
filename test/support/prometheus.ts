/** One line of figures. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A family of figures: its type, its help and its lines. */
export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Parses Prometheus' text format 0.0.4 and refuses whatever Prometheus or its linter would: a family without help or type,
 * told twice or torn apart, a line of none, a repeated series, values that are no numbers, histograms whose buckets fall.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
 */
export function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed');
  const families = new Map<string, Family>();
  const series = new Set<string>();
  let present: Family | null = null;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, word, name, rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP' && name !== undefined) {
      if (families.has(name) || !NAME.test(name)) throw new Error(`twice, or no name: ${name}`);
      present = { name, type: '', help: rest, samples: [] };
      families.set(name, present);
    } else if (word === 'TYPE') {
      if (present?.name !== name || present?.type !== '' || !TYPES.includes(rest))
        throw new Error(`TYPE out of place: ${line}`);
      present.type = rest;
    } else {
      const sample = sampleOf(line);
      if (!present || !belongs(sample.name, present)) throw new Error(`of no family: ${line}`);
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (series.has(key)) throw new Error(`a series twice: ${line}`);
      series.add(key);
      present.samples.push(sample);
    }
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

function sampleOf(line: string): Sample {
  const [, name = '', inside = '', text = ''] = LINE.exec(line) ?? [];
  const value = text === '+Inf' ? Infinity : text === 'NaN' ? NaN : Number(text);
  if (name === '' || (Number.isNaN(value) && text !== 'NaN')) throw new Error(`no line: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const [, label = '', content = ''] = LABEL.exec(inside) ?? [];
    if (label === '' || label in labels) throw new Error(`labels of: ${line}`);
    labels[label] = content;
  }
  return { name, labels, value };
}

function belongs(sample: string, { name, type }: Family): boolean {
  return (SUFFIXES[type] ?? ['']).some((suffix) => sample === `${name}${suffix}`);
}

/** By the conventions of https://prometheus.io/docs/practices/naming/. */
function checkFamily({ name, type, help, samples }: Family): void {
  if (type === '' || help === '') throw new Error(`${name} has no type or no help`);
  // the library's own figures of Node have gauges named so
  const isOurs = !name.includes('_nodejs_');
  if (isOurs && (type === 'counter') !== name.endsWith('_total'))
    throw new Error(`${name} is a ${type}: _total is for counters, and for all of them`);
  if (/_(ms|milliseconds|minutes|kb|percent)(_|$)/.test(name))
    throw new Error(`${name} is not in base units`);
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0)))
    throw new Error(`${name} falls below 0`);
  if (type === 'histogram') checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const bySeries = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    bySeries.set(key, [...(bySeries.get(key) ?? []), sample]);
  }
  for (const lines of bySeries.values()) {
    const buckets = lines.filter((line) => line.name === `${name}_bucket`);
    const counts = buckets.map(({ value }) => value);
    const total = lines.find((line) => line.name === `${name}_count`)?.value;
    const rising = counts.every((count, i) => i === 0 || count >= (counts[i - 1] ?? 0));
    if (!rising || buckets.at(-1)?.labels['le'] !== '+Inf' || counts.at(-1) !== total)
      throw new Error(`${name}: buckets must rise to +Inf and the count`);
  }
}
