import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';

/** An element by its local name, as namespace prefixes vary. */
export type Element = {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** In the order of the document. */
  children: readonly Element[];
  /** What stands in it, blanks included, without what stands in its children. */
  text: string;
};

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  // Blanks are part of a string.
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** What the parser makes of an element: its children under its name, and its attributes. */
const parsedNodes = z.array(z.record(z.string(), z.unknown()));
const parsedAttributes = z.record(z.string(), z.string()).default({});
const textKey = '#text';
const attributesKey = ':@';

/** Texts that were read last: a policy is read again and again, and its file seldom changes. */
const elements = new Map<string, Element | undefined>();
const elementsMax = 100;

/** @returns the root element; undefined when the text is no well-formed document */
export function readElement(xml: string): Element | undefined {
  if (elements.has(xml)) return elements.get(xml);
  const element = XMLValidator.validate(xml) === true ? elementsIn(parser.parse(xml))[0] : undefined;
  if (elements.size >= elementsMax) elements.clear();
  elements.set(xml, element);
  return element;
}

function elementsIn(parsed: unknown): Element[] {
  return parsedNodes.parse(parsed).flatMap(({ [attributesKey]: attributes, ...named }) =>
    Object.entries(named)
      .filter(([name]) => name !== textKey)
      .map(([name, inside]) => ({
        ...{ name, attributes: parsedAttributes.parse(attributes) },
        ...{ children: elementsIn(inside), text: textIn(inside) },
      })),
  );
}

function textIn(parsed: unknown): string {
  return parsedNodes
    .parse(parsed)
    .map(({ [textKey]: text }) => (typeof text === 'string' ? text : ''))
    .join('');
}
