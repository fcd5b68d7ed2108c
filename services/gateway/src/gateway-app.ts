import type { ServiceOwner } from '@dialog/access/service-owner';
import type { Command } from '@dialog/contracts/commands';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';

export type GatewayEnv = {
  Variables: {
    /** W3C trace context that commands and problems of this request carry. */
    traceparent: string;
    /** The command that the request became, if it did. */
    command: Pick<Command, 'id' | 'dialogId'> | undefined;
    /** Only below `/api/v1/serviceowner`. */
    serviceOwner: ServiceOwner;
  };
};
export type GatewayApp = OpenAPIHono<GatewayEnv>;
export type GatewayContext = Context<GatewayEnv>;

/** Base path of everything that a service owner calls. */
export const serviceOwnerPath = '/api/v1/serviceowner';
