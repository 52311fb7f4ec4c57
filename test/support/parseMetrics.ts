/** One metric, as a scrape shows it. */
export interface ScrapedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Values by series, such as `tailnet_connections{gateway="grpc"}`; labels in the order of their names. */
  readonly series: ReadonlyMap<string, number>;
}

const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Labels in the order of their names, in braces; empty for none. Throws for what is no list of labels. */
const sortedLabels = (text: string): string => {
  const labels: string[] = [];
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const found = label.exec(text);
    if (found === null) throw new Error(`these are no labels: ${text}`);
    labels.push(`${found[1] ?? ''}="${found[2] ?? ''}"`);
  }
  return labels.length === 0 ? '' : `{${labels.sort().join(',')}}`;
};

/** Histograms show themselves under other names than their own. */
const suffixes: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };

/**
 * Reads the text format of Prometheus, version 0.0.4, as strictly as a program may that reads what we write ourselves:
 * each metric has its help, its type, then its series, each of which is there once. Throws for anything else.
 */
export const parseMetrics = (text: string): ReadonlyMap<string, ScrapedMetric> => {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const metrics = new Map<string, ScrapedMetric & { readonly series: Map<string, number> }>();
  let help: readonly [name: string, text: string] | undefined;
  let current: (ScrapedMetric & { readonly series: Map<string, number> }) | undefined;
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, helpOf, helpText = ''] = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
    const [, typeOf, type = ''] = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (helpOf !== undefined) {
      help = [helpOf, helpText];
    } else if (typeOf !== undefined) {
      if (help?.[0] !== typeOf || metrics.has(typeOf)) throw new Error(`not right behind its help, or twice: ${line}`);
      metrics.set(typeOf, (current = { name: typeOf, type, help: help[1], series: new Map() }));
    } else {
      const [, name, , labels = '', value] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (current === undefined || name === undefined) throw new Error(`not understood: ${line}`);
      const names = (suffixes[current.type] ?? ['']).map((suffix) => `${current?.name ?? ''}${suffix}`);
      if (!names.includes(name)) throw new Error(`not of ${current.name}: ${line}`);
      const series = name + sortedLabels(labels);
      const number = value === '+Inf' ? Infinity : Number(value);
      // There may be nothing yet of which to make a mean.
      const isNumber = !Number.isNaN(number) || value?.toLowerCase() === 'nan';
      if (current.series.has(series) || !isNumber) throw new Error(`there already, or no number: ${line}`);
      current.series.set(series, number);
    }
  }
  return metrics;
};
