import { metrics, type MetricName } from './metric-names.js';

type Labels = Readonly<Record<string, string>>;

/** Values by series, e.g. `lockkeeper_runs_total{environment="production",…}`. */
export type Series = ReadonlyMap<string, number>;

/** Labels as they stand between the braces, in the order given (Prometheus, "Exposition formats"). */
export function labelsOf(labels: Labels): string {
  const escape = (value: string): string =>
    value
      .replaceAll('\\', String.raw`\\`)
      .replaceAll('"', String.raw`\"`)
      .replaceAll('\n', String.raw`\n`);
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',');
}

/**
 * What has changed in the series of one environment and database, which their labels, always the first ones, tell from all
 * others. Only changes are kept: two runs of one database, one of which waits for the other, share the file.
 */
export class Changes {
  readonly #own: string;
  readonly #values = new Map<string, number>();
  readonly #additions = new Map<string, number>();
  readonly #forgotten = new Set<MetricName>();

  constructor(own: Labels) {
    this.#own = `{${labelsOf(own)}`;
  }

  set(name: MetricName, value: number, labels: Labels = {}): void {
    this.#values.set(this.#seriesOf(name, labels), value);
  }

  /** `part` is what a histogram puts behind its name: `_bucket`, `_sum`, `_count`. */
  add(name: MetricName, value: number, labels: Labels = {}, part = ''): void {
    const series = this.#seriesOf(`${name}${part}`, labels);
    this.#additions.set(series, (this.#additions.get(series) ?? 0) + value);
  }

  /** Of series whose labels change, such as a version, the old ones have to go. */
  forget(name: MetricName): void {
    this.#forgotten.add(name);
  }

  /** What the file is to hold, by what it holds now. */
  appliedTo(found: Series): Series {
    const result = new Map([...found].filter(([series]) => !this.#isForgotten(series)));
    for (const [series, value] of this.#values) result.set(series, value);
    for (const [series, value] of this.#additions) result.set(series, (result.get(series) ?? 0) + value);
    return result;
  }

  /** They are in the file now. */
  clear(): void {
    this.#values.clear();
    this.#additions.clear();
    this.#forgotten.clear();
  }

  #seriesOf(name: string, labels: Labels): string {
    const more = labelsOf(labels);
    return `${name}${this.#own}${more === '' ? '' : `,${more}`}}`;
  }

  #isForgotten(series: string): boolean {
    const family = familyOf(series);
    return (
      family !== null &&
      this.#forgotten.has(family) &&
      series.slice(series.indexOf('{')).startsWith(`${this.#own},`)
    );
  }
}

/** Reads a file of ours; what is not a sample of ours is left out. */
export function parseSeries(text: string): Series {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, series, value] = /^(lockkeeper_\w+\{.*\}) (\S+)$/.exec(line) ?? [];
    if (series !== undefined && Number.isFinite(Number(value)) && familyOf(series) !== null)
      found.set(series, Number(value));
  }
  return found;
}

/** The whole file: the families in their order, each with its help and its type. */
export function renderSeries(all: Series): string {
  const byFamily = new Map<string, string[]>();
  for (const [series, value] of all) {
    const family = familyOf(series);
    if (family === null) continue;
    const lines = byFamily.get(family) ?? [];
    byFamily.set(family, lines);
    lines.push(`${series} ${value}`);
  }
  const families = (Object.keys(metrics) as MetricName[]).flatMap((name) => {
    const lines = byFamily.get(name);
    if (lines === undefined) return [];
    return [`# HELP ${name} ${metrics[name].help}`, `# TYPE ${name} ${metrics[name].type}`, ...lines];
  });
  return `${families.join('\n')}\n`;
}

function familyOf(series: string): MetricName | null {
  const name = series.slice(0, series.indexOf('{'));
  const family = Object.hasOwn(metrics, name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
  return Object.hasOwn(metrics, family) ? (family as MetricName) : null;
}
