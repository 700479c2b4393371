import { isGrpcServiceError } from '@temporalio/client';

/** The gRPC status codes that the client tells apart. */
export const GRPC = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  resourceExhausted: 8,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The gRPC status code and details in an error or one of its causes; undefined when there is none. */
export function grpcStatus(error: unknown): { code: number; details: string } | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (isGrpcServiceError(at)) return { code: at.code, details: at.details };
  }
  return undefined;
}

/** Whether the server could not be reached or did not answer in time: worth another try later. */
export function isServerAway(error: unknown): boolean {
  const code = grpcStatus(error)?.code;
  return code === GRPC.unavailable || code === GRPC.deadlineExceeded;
}

/** Whether the server refused the caller's identity or rights. */
export function isNotAuthorised(error: unknown): boolean {
  const code = grpcStatus(error)?.code;
  return code === GRPC.permissionDenied || code === GRPC.unauthenticated;
}

const PASSING: number[] = [
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadlineExceeded,
  GRPC.resourceExhausted,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
];

/** Whether waiting may mend it: a server that is away, restarting or overloaded. */
export function isPassing(error: unknown): boolean {
  const code = grpcStatus(error)?.code;
  return code !== undefined && PASSING.includes(code);
}
