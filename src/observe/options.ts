/** JSON lines, one for each event. */
export interface LogOptions {
  /** Absolute path of the file that lines are added to; null hands them to whoever runs the verb. */
  readonly file: string | null;
}

/** A file in Prometheus' text format, for the textfile collector of node_exporter. */
export interface MetricsOptions {
  /** Absolute path; node_exporter reads names that end in `.prom`. */
  readonly file: string;
  /** How often it is written anew while a run lasts; it is also written when a run begins and when it ends. */
  readonly everyMs: number;
}

/** What a webhook can be told of. */
export type WebhookMoment = 'start' | 'success' | 'failure' | 'slow';

/** One receiver of messages over HTTP. */
export interface WebhookOptions {
  readonly url: string;
  /** Key of the signature; null sends without one. */
  readonly secret: string | null;
  readonly on: readonly WebhookMoment[];
  /** A migration that takes longer is told of as slow, while it runs. */
  readonly slowAfterMs: number;
  readonly format: 'json' | 'slack';
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  /** How long the end of a run waits, at most, for messages that are still on their way. */
  readonly flushMs: number;
  /** Certificate authority as PEM text; null for those that Node trusts. */
  readonly ca: string | null;
}

/** Who listens to the runs of an environment. */
export interface ObserveOptions {
  readonly log: LogOptions | null;
  readonly metrics: MetricsOptions | null;
  readonly webhooks: readonly WebhookOptions[];
  /** `auto`: where a program has registered an OpenTelemetry SDK in this process. */
  readonly openTelemetry: boolean | 'auto';
}
