import { z } from '@hono/zod-openapi';

const v7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a UUID in lower case is of version 7 (RFC 9562, section 5.7). */
export function isUuidV7(uuid: string): boolean {
  return v7.test(uuid);
}

/** The time in a UUIDv7, in milliseconds since the epoch. */
export function epochMsOfUuidV7(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

/** Any UUID, in any casing; comes out in lower case. */
export const uuid = z
  .guid()
  .overwrite((text) => text.toLowerCase())
  .openapi({ format: 'uuid', example: '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e' });

/** A UUID that may be left out; comes out as null then. */
export const optionalUuid = uuid.nullable().default(null);

/** An id that the caller may choose. A rule beside the body sees to it that it is a UUIDv7 of the past. */
export const chosenId = uuid
  .openapi({ description: 'UUIDv7, its time not in the future. Made by the service when left out.' })
  .nullable()
  .default(null);
