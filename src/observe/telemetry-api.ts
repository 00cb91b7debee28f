/** The few parts of `@opentelemetry/api` 1.x that are used; the package itself is the user's, and never ours. */
export interface Telemetry {
  readonly trace: {
    getTracer(name: string, version: string): Tracer;
    getTracerProvider(): Provider;
    setSpan(context: unknown, span: Span): unknown;
  };
  readonly metrics: {
    getMeter(name: string, version: string): Meter;
    getMeterProvider(): Provider;
  };
  readonly context: { active(): unknown };
  readonly SpanStatusCode: { readonly ERROR: number };
}

/** `getDelegate` leads from the API's stand-in to what an SDK registered. */
export interface Provider {
  getDelegate?(): Provider;
  forceFlush?(): Promise<void>;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  addEvent(name: string, attributes?: Attributes): unknown;
  end(): void;
}

export interface Tracer {
  startSpan(name: string, options: { readonly attributes: Attributes }, context: unknown): Span;
}

export interface Counter {
  add(value: number, attributes: Attributes): void;
}

export interface Histogram {
  record(value: number, attributes: Attributes): void;
}

export interface Meter {
  createCounter(name: string, options: { readonly description: string }): Counter;
  createHistogram(name: string, options: { readonly description: string; readonly unit: string }): Histogram;
}
