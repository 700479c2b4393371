import type { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';

/** Traces of one process, on their way to a collector. */
export interface Tracing {
  /** For a Temporal client, a worker, and the bundle of its workflows. */
  plugin: OpenTelemetryPlugin;
  /** Sends what has not been sent, for as long as the collector is given. */
  close(): Promise<void>;
}

/**
 * Opens traces to an OTLP collector (HTTP, JSON) when OpenTelemetry's own `OTEL_EXPORTER_OTLP_ENDPOINT` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set; null otherwise, and then nothing of OpenTelemetry is loaded. The
 * exporter reads its other variables (headers, timeout, resource attributes) itself.
 * @param service name under which the spans are shown
 */
export async function openTracing(env: NodeJS.ProcessEnv, service: string): Promise<Tracing | null> {
  if (env['OTEL_SDK_DISABLED'] === 'true') return null;
  if (!env['OTEL_EXPORTER_OTLP_ENDPOINT'] && !env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) return null;
  const { startTracing } = await import('./start-tracing.ts');
  return startTracing(service);
}
