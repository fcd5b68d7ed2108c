import { z } from '@hono/zod-openapi';
import { absenceToldOnParent, addBroken } from './fault.ts';
import { isAllowedHtml } from './html.ts';
import { type Localization, localizations } from './localization.ts';
import {
  embeddedHtml,
  embeddedMarkdown,
  html,
  markdown,
  needsLegacyHtml,
  plainText,
  replaceDeprecated,
} from './media-type.ts';
import type { Report, RuleContext } from './rule.ts';
import { parseHttpsUrl, urlLengthMax } from './url.ts';

/** Longest short text of a dialog or transmission: for everybody, and with the correspondence scope. */
const shortTextMax = 255;
const correspondenceTextMax = 512;
const longTextMax = 1023;
const statusTextMax = 25;

/** Texts in one or several languages, all of one media type. */
export type ContentPart = { mediaType: string; value: Localization[] };

const plainTextType = z
  .string()
  .default(plainText)
  .openapi({ enum: [plainText] });

function value(description: string) {
  return localizations({ max: undefined, atLeastOne: true }).openapi({ description });
}

/** Plain text. A rule has its limit, which depends on the caller's rights. */
function shortText() {
  const limits = `at most ${shortTextMax} characters (${correspondenceTextMax} with the correspondence scope)`;
  return z
    .object({ mediaType: plainTextType, value: value(`One text per language, each ${limits}.`) })
    .check((payload) => checkMediaType(payload, [plainText]));
}

const additionalInfo = z
  .object({
    mediaType: z
      .string()
      .default(plainText)
      .openapi({
        enum: [plainText, markdown, html],
        description: `\`${markdown}\` is CommonMark, \`${html}\` needs the legacy HTML scope.`,
      }),
    value: value(`One text per language, each at most ${longTextMax} characters.`),
  })
  .check((payload) => {
    checkMediaType(payload, [plainText, markdown, html]);
    checkLength(payload, longTextMax);
    if (payload.value.mediaType === html) checkHtml(payload);
  });

const extendedStatus = z
  .object({
    mediaType: plainTextType,
    value: value(`One text per language, each at most ${statusTextMax} characters.`),
  })
  .check((payload) => {
    checkMediaType(payload, [plainText]);
    checkLength(payload, statusTextMax);
  });

/** The address of a document that the reader's client fetches and shows in the dialog. */
const embeddedDocument = z
  .object({
    mediaType: z.string().openapi({
      enum: [embeddedMarkdown, embeddedHtml],
      description: `\`${embeddedHtml}\` needs the legacy HTML scope.`,
    }),
    value: value(`One HTTPS URL per language, each at most ${urlLengthMax} characters.`),
  })
  .check((payload) => {
    payload.value.mediaType = replaceDeprecated(payload.value.mediaType);
    checkMediaType(payload, [embeddedMarkdown, embeddedHtml]);
    checkLength(payload, urlLengthMax);
    for (const [index, text] of payload.value.value.entries()) {
      if (parseHttpsUrl(text.value) !== undefined) continue;
      addBroken(payload, 'Not an absolute HTTPS URL.', ['value', index, 'value']);
    }
  });

const title = absenceToldOnParent(shortText());
const optionalShortText = shortText().nullable().default(null);

export const dialogContent = z.object({
  title,
  nonSensitiveTitle: optionalShortText,
  summary: optionalShortText,
  nonSensitiveSummary: optionalShortText,
  senderName: optionalShortText,
  additionalInfo: additionalInfo.nullable().default(null),
  extendedStatus: extendedStatus.nullable().default(null),
  mainContentReference: embeddedDocument.nullable().default(null),
});

export type DialogContent = z.output<typeof dialogContent>;

export const transmissionContent = z.object({
  title,
  summary: optionalShortText,
  contentReference: embeddedDocument.nullable().default(null),
});
export type TransmissionContent = z.output<typeof transmissionContent>;

/** What the caller's rights allow in a dialog's content; `at` is the path of the content, with a final dot. */
export function dialogContentRules(content: DialogContent, at: string, context: RuleContext, report: Report): void {
  shortTextRule(content.title, `${at}title`, context, report);
  shortTextRule(content.nonSensitiveTitle, `${at}nonSensitiveTitle`, context, report);
  shortTextRule(content.summary, `${at}summary`, context, report);
  shortTextRule(content.nonSensitiveSummary, `${at}nonSensitiveSummary`, context, report);
  shortTextRule(content.senderName, `${at}senderName`, context, report);
  mediaTypeRule(content.additionalInfo, `${at}additionalInfo`, context, report);
  mediaTypeRule(content.mainContentReference, `${at}mainContentReference`, context, report);
}

/** As {@link dialogContentRules}, for a transmission's content. */
export function transmissionContentRules(
  content: TransmissionContent,
  at: string,
  context: RuleContext,
  report: Report,
): void {
  shortTextRule(content.title, `${at}title`, context, report);
  shortTextRule(content.summary, `${at}summary`, context, report);
  mediaTypeRule(content.contentReference, `${at}contentReference`, context, report);
}

function shortTextRule(part: ContentPart | null, at: string, { rights }: RuleContext, report: Report): void {
  if (part === null) return;
  const max = rights.correspondence ? correspondenceTextMax : shortTextMax;
  for (const [index, text] of part.value.entries()) {
    if (text.value.length <= max) continue;
    report(`${at}.value[${index}].value`, `Must be at most ${max} characters.`);
  }
}

function mediaTypeRule(part: ContentPart | null, at: string, { rights }: RuleContext, report: Report): void {
  if (part === null || rights.legacyHtml || !needsLegacyHtml(part.mediaType)) return;
  report(`${at}.mediaType`, `The media type ${part.mediaType} needs the legacy HTML scope.`);
}

type ContentPayload = z.core.ParsePayload<ContentPart>;

function checkMediaType(payload: ContentPayload, allowed: readonly string[]): void {
  if (allowed.includes(payload.value.mediaType)) return;
  addBroken(payload, `The media type must be ${allowed.join(' or ')}.`, ['mediaType']);
}

function checkLength(payload: ContentPayload, max: number): void {
  for (const [index, text] of payload.value.value.entries()) {
    if (text.value.length <= max) continue;
    addBroken(payload, `Must be at most ${max} characters.`, ['value', index, 'value']);
  }
}

function checkHtml(payload: ContentPayload): void {
  for (const [index, text] of payload.value.value.entries()) {
    if (text.value.length > longTextMax || isAllowedHtml(text.value)) continue;
    addBroken(payload, 'Has an element or attribute that is not allowed.', ['value', index, 'value']);
  }
}
