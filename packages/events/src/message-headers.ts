import { z } from 'zod';
import { cloudEventMediaType } from './cloud-event.ts';

/** W3C Trace Context. */
export const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What stands beside an event on NATS. Names as JetStream and readers of headers expect them. */
export const messageHeaders = z.object({
  'Nats-Msg-Id': z
    .string()
    .regex(/^[0-9a-f-]{36}\.(owner|party)$/)
    .describe('The event’s id and its audience. JetStream stores what comes with the same id again no second time.'),
  'content-type': z.literal(cloudEventMediaType),
  traceparent: z
    .exactOptional(z.string().regex(traceparentForm))
    .describe('W3C trace context of the request that made the change, if it had one.'),
});

/** @param messageId event and audience */
export function messageHeadersOf({
  messageId,
  traceparent,
}: {
  messageId: string;
  traceparent: string | null;
}): z.infer<typeof messageHeaders> {
  return {
    'Nats-Msg-Id': messageId,
    'content-type': cloudEventMediaType,
    ...(traceparent !== null && { traceparent }),
  };
}
