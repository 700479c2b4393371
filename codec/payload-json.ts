import type { Payload } from '@temporalio/common';
import { z } from 'zod';

const Base64 = z.base64();

/** Payloads as Temporal's codec endpoint has them in JSON: bytes in base64, fields of no interest left out. */
export const PayloadsJsonSchema = z.object({
  payloads: z.array(
    z.object({
      metadata: z.record(z.string(), Base64).nullish(),
      data: Base64.nullish(),
    }),
  ),
});
type PayloadsJson = z.infer<typeof PayloadsJsonSchema>;

/** The payloads of a request's body. */
export function payloadsOf({ payloads }: PayloadsJson): Payload[] {
  return payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  }));
}

/** An answer's body. */
export function payloadsJson(payloads: readonly Payload[]): PayloadsJson {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
      data: base64(data ?? new Uint8Array()),
    })),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
