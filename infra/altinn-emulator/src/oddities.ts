import { z } from 'zod';
import type { EmulatorApp } from './operations.ts';

/**
 * Lets an operation answer oddly: `POST` on the path says how, `DELETE` ends it.
 *
 * @param schema what may be odd; all of it has a default, which is the ordinary way
 * @returns what is odd at the moment
 */
export function registerOddity<T>(app: EmulatorApp, path: string, schema: z.ZodType<T>): () => T {
  const ordinary = schema.parse({});
  let odd = ordinary;
  app.post(path, async (c) => {
    const parsed = schema.safeParse(await c.req.json());
    if (!parsed.success) return c.text(z.prettifyError(parsed.error), 400);
    odd = parsed.data;
    return c.body(null, 204);
  });
  app.delete(path, (c) => {
    odd = ordinary;
    return c.body(null, 204);
  });
  return () => odd;
}
