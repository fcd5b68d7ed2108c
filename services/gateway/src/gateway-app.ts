import type { EndUser } from '@dialog/access/end-user';
import type { ServiceOwner } from '@dialog/access/service-owner';
import type { Command } from '@dialog/contracts/commands';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';

export type GatewayEnv = {
  /** What an answer goes out by, and a request comes in by; nothing where there is no server. */
  Bindings: {
    outgoing?: { destroy(): unknown; writableFinished: boolean };
    /** Lets the request take longer than others may. */
    takeYourTime?: () => void;
  };
  Variables: {
    /** W3C trace context that commands and problems of this request carry. */
    traceparent: string;
    /** The command that the request became, if it did. */
    command: Pick<Command, 'id' | 'dialogId'> | undefined;
    /** Only below `/api/v1/serviceowner`. */
    serviceOwner: ServiceOwner;
    /** Only below `/api/v1/enduser`. */
    endUser: EndUser;
  };
};
export type GatewayApp = OpenAPIHono<GatewayEnv>;
export type GatewayContext = Context<GatewayEnv>;

/** Base path of everything that a service owner calls. */
export const serviceOwnerPath = '/api/v1/serviceowner';

/** Base path of everything that an end user calls, except what is open to all. */
export const endUserPath = '/api/v1/enduser';

/** Base path of what anybody may ask. */
export const metadataPath = '/api/v1/metadata';

/** Base path of what tells others about the gateway. Open to all. */
export const wellKnownPath = '/api/v1/.well-known';
