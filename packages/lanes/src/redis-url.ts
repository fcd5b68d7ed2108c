import { z } from 'zod';

const error =
  'must be a URL that begins with redis:// or rediss://, or several of nodes of one cluster, separated by commas, ' +
  'that differ in host and port alone and name no database';

/** `REDIS_URL`: the address of one server, or those of some nodes of a Redis Cluster. As written. */
export const redisUrl = z.string().refine((text) => {
  const urls = text.split(',').map((part) => URL.parse(part.trim()));
  const [first, ...others] = urls;
  if (!urls.every((url) => url?.protocol === 'redis:' || url?.protocol === 'rediss:')) return false;
  if (others.length === 0) return true;
  return urls.every((url) => url?.pathname.replace('/', '') === '' && commonTo(url) === commonTo(first));
}, error);

function commonTo(url: URL | null | undefined): string {
  return `${url?.protocol} ${url?.username} ${url?.password}`;
}

/** The addresses in it: more than one is a cluster. */
export function redisNodes(url: string): [URL, ...URL[]] {
  const [first = '', ...others] = url.split(',');
  return [new URL(first.trim()), ...others.map((node) => new URL(node.trim()))];
}
