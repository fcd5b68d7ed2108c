export type ReadEvent = { event: string; id: string | undefined; data: unknown };

/** Reads a stream of server-sent events. Comments count as events of the name `:`. */
export function readEvents({ body }: { body: ReadableStream<Uint8Array> | null }) {
  if (body === null) throw new Error('The answer has no body.');
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    /** The next event; undefined when the stream has ended. */
    async next(): Promise<ReadEvent | undefined> {
      while (!text.includes('\n\n')) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
      }
      const end = text.indexOf('\n\n');
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      return parsed(block);
    },
    leave: () => reader.cancel(),
  };
}

function parsed(block: string): ReadEvent {
  const lines = block.split('\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const fields = new Map(lines);
  if (fields.has('')) return { event: ':', id: undefined, data: fields.get('') };
  return { event: fields.get('event') ?? '', id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') };
}
