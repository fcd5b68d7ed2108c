import { z } from 'zod';
import type { GatewayApp } from '../gateway-app.ts';

/**
 * Creates a dialog through a gateway, as its service owner would.
 *
 * @param headers who creates it
 * @returns its id
 */
export async function createDialog(app: GatewayApp, headers: Record<string, string>, body: object): Promise<string> {
  const answer = await app.request('/api/v1/serviceowner/dialogs', {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return z.string().parse(await answer.json());
}
