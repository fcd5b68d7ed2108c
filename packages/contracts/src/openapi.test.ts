import { OpenAPIHono, type z } from '@hono/zod-openapi';
import { expect, it } from 'vitest';
import { activityBody } from './activity.ts';
import { createDialogBody } from './create-dialog.ts';
import { activityListItem, activityView, dialogView, seenLogView, transmissionView } from './dialog-view.ts';
import { jsonPatch } from './json-patch.ts';
import { transmissionBody } from './transmission.ts';
import { updateDialogBody } from './update-dialog.ts';

/** The components of a document that has the schemas as request and response bodies. */
function componentsOf(requests: z.ZodType[], responses: z.ZodType[]) {
  const app = new OpenAPIHono();
  const body = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
  for (const [index, schema] of requests.entries()) {
    const request = { body: { required: true, ...body(schema) } };
    app.openAPIRegistry.registerPath({ method: 'post', path: `/${index}`, request, responses: {} });
  }
  for (const [index, schema] of responses.entries()) {
    const answers = { 200: { description: 'Found.', ...body(schema) } };
    app.openAPIRegistry.registerPath({ method: 'get', path: `/${index}`, responses: answers });
  }
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'Dialogs', version: '1' } });
  return document.components?.schemas ?? {};
}

const components = componentsOf(
  [createDialogBody, updateDialogBody, transmissionBody, activityBody, jsonPatch],
  [dialogView, transmissionView, activityView, activityListItem, seenLogView],
);

it('names every part that is used in several places', () => {
  expect(Object.keys(components).sort()).toMatchInlineSnapshot(`
    [
      "ActivityListItem",
      "ActivityView",
      "Actor",
      "ActorType",
      "ActorView",
      "ApiAction",
      "ApiActionEndpoint",
      "ApiActionEndpointView",
      "ApiActionView",
      "Attachment",
      "AttachmentUrl",
      "AttachmentUrlConsumerType",
      "AttachmentUrlView",
      "AttachmentView",
      "ContentValueView",
      "CreateActivity",
      "CreateDialog",
      "CreateTransmission",
      "DialogActivityType",
      "DialogAuthorizationView",
      "DialogContentView",
      "DialogGuiActionPriority",
      "DialogSeenLogView",
      "DialogStatus",
      "DialogStatusInput",
      "DialogTransmissionType",
      "DialogTransmissionView",
      "DialogView",
      "GuiAction",
      "GuiActionView",
      "HttpVerb",
      "JsonPatch",
      "Localization",
      "LocalizationView",
      "MainContentReferenceView",
      "NavigationalAction",
      "NavigationalActionView",
      "NeverPermittedActionView",
      "PolicyFaultView",
      "SearchTag",
      "SeenLogView",
      "ServiceOwnerLabel",
      "ServiceOwnerLabelView",
      "SystemLabel",
      "TransmissionAttachment",
      "TransmissionAttachmentUrl",
      "TransmissionContentView",
      "TransmissionView",
      "UpdateDialog",
    ]
  `);
});

it('describes requests as they are written: what may be left out is not required', () => {
  expect(components).toMatchObject({
    CreateDialog: {
      required: ['serviceResource', 'party'],
      properties: {
        id: { type: ['string', 'null'], format: 'uuid' },
        progress: { type: ['integer', 'null'], minimum: 0, maximum: 100 },
        dueAt: { type: ['string', 'null'], format: 'date-time' },
        status: { $ref: '#/components/schemas/DialogStatusInput' },
        attachments: { type: 'array', items: { $ref: '#/components/schemas/Attachment' } },
        serviceOwnerContext: { type: ['object', 'null'] },
        content: { type: ['object', 'null'], required: ['title'] },
      },
    },
    UpdateDialog: { required: ['status'] },
    CreateTransmission: { required: ['type', 'sender'] },
    CreateActivity: { required: ['type', 'performedBy'] },
    GuiAction: {
      required: ['action', 'url', 'priority', 'title'],
      properties: {
        url: { type: 'string', format: 'uri', maxLength: 1023 },
        httpMethod: { type: 'string', enum: ['GET', 'POST', 'DELETE'] },
      },
    },
    DialogStatusInput: { type: 'string', enum: expect.arrayContaining(['New', 'Awaiting']) },
    Localization: { required: ['languageCode', 'value'] },
  });
});

it('describes answers by the same enumerations', () => {
  expect(components).toMatchObject({
    DialogView: { properties: { status: { $ref: '#/components/schemas/DialogStatus' } } },
    DialogStatus: { type: 'string', enum: expect.not.arrayContaining(['New']) },
    ActivityListItem: { properties: { type: { $ref: '#/components/schemas/DialogActivityType' } } },
  });
});

it('has no part of unknown type but the value of a patch', () => {
  const untyped: string[] = [];
  const look = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const keywords = Object.keys(schema);
    if (!['type', '$ref', 'allOf', 'oneOf', 'anyOf'].some((keyword) => keywords.includes(keyword))) untyped.push(path);
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'properties') for (const [name, member] of Object.entries(value)) look(member, `${path}.${name}`);
      if (keyword === 'items') look(value, `${path}[]`);
      if (Array.isArray(value) && ['allOf', 'oneOf', 'anyOf'].includes(keyword)) {
        for (const option of value) look(option, path);
      }
    }
  };
  for (const [name, schema] of Object.entries(components)) look(schema, name);
  expect([...new Set(untyped)]).toEqual(['JsonPatch[].value']);
});
