import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import type { Tracing } from './tracing.ts';

/**
 * A workflow's spans come with all that Temporal knows of it, memo and search attributes included, which payload
 * encryption would have hidden. Names, numbers and flags are enough to find it.
 */
class PlainSpans extends BatchSpanProcessor {
  override onEnd(span: ReadableSpan): void {
    for (const [key, value] of Object.entries(span.attributes)) {
      if (typeof value === 'object') delete span.attributes[key];
    }
    super.onEnd(span);
  }
}

/** See `openTracing`. Once per process: the way from one span to the next is global in OpenTelemetry. */
export function startTracing(service: string): Tracing {
  const named = new Resource({ 'service.name': service });
  // What the environment says of the service wins.
  const resource = named.merge(detectResourcesSync({ detectors: [envDetectorSync] }) as Resource);
  const spanProcessor = new PlainSpans(new OTLPTraceExporter());
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
  const plugin = new OpenTelemetryPlugin({ resource, spanProcessor, tracer: provider.getTracer('deltaloop') });
  // A collector that is away costs a loop nothing: what could not be sent is dropped.
  return { plugin, close: () => provider.shutdown().catch(() => undefined) };
}
