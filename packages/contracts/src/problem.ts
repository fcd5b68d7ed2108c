import { z } from '@hono/zod-openapi';

/**
 * Why a command was not applied, as data: an HTTP status and, by key, messages for people.
 * Clients branch on the status and the key (service owner API, section 4.2).
 */
export const rejection = z.object({
  status: z.literal([400, 403, 404, 409, 410, 412, 422]),
  errors: z.record(z.string(), z.array(z.string())).optional(),
});
export type Rejection = z.infer<typeof rejection>;

/** An RFC 9457 problem. `instance` and `traceId` belong to one HTTP answer and are added when it is sent. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.record(z.string(), z.array(z.string())).optional(),
  traceId: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;

const rfcs = 'https://datatracker.ietf.org/doc/html';

/** Title and type by status, as the published API has them (service owner API, section 4.3). */
const kinds: Readonly<Record<number, { title: string; type: string }>> = {
  400: { title: 'One or more validation errors occurred.', type: `${rfcs}/rfc7231#section-6.5.1` },
  403: { title: 'Forbidden.', type: `${rfcs}/rfc7231#section-6.5.3` },
  404: { title: 'Resource not found.', type: `${rfcs}/rfc7231#section-6.5.4` },
  405: { title: 'Method not allowed.', type: `${rfcs}/rfc7231#section-6.5.5` },
  406: { title: 'Requested content type is not acceptable.', type: `${rfcs}/rfc7231#section-6.5.6` },
  409: { title: 'Conflict.', type: `${rfcs}/rfc7231#section-6.5.8` },
  410: { title: 'Resource no longer available.', type: `${rfcs}/rfc7231#section-6.5.9` },
  412: { title: 'Precondition failed.', type: `${rfcs}/rfc7232#section-4.2` },
  413: {
    title: 'Payload too large. The maximum allowed size is 20000000 bytes.',
    type: `${rfcs}/rfc7231#section-6.5.11`,
  },
  415: { title: 'Unsupported media type.', type: `${rfcs}/rfc7231#section-6.5.13` },
  422: { title: 'Unprocessable request.', type: `${rfcs}/rfc4918#section-11.2` },
  502: { title: 'Bad gateway.', type: `${rfcs}/rfc7231#section-6.6.3` },
};
const serverFault = { title: 'An error occurred while processing the request.', type: `${rfcs}/rfc7231#section-6.6.1` };

export function problemOf(status: number, errors?: Problem['errors'], detail?: string): Problem {
  const kind = kinds[status] ?? serverFault;
  return { ...kind, status, ...(detail !== undefined && { detail }), ...(errors !== undefined && { errors }) };
}

export function toProblem({ status, errors }: Rejection): Problem {
  return problemOf(status, errors);
}
