import { describe, expect, it } from 'vitest';
import { readArguments, usage } from './ingest-arguments.ts';

const env = { GATEWAY_URL: 'http://127.0.0.1:8080', TOKEN: 'token' };

describe('the arguments of ingest', () => {
  it('are a file at least, with the service and a token from the environment', async () => {
    const read = readArguments(['a.ndjson', '-'], env);
    expect(read).toMatchObject({ files: ['a.ndjson', '-'], url: env.GATEWAY_URL, startAt: 1, respondAsync: false });
    expect(typeof read === 'object' && 'token' in read && (await read.token())).toBe('token');
  });

  it('are described for those who ask', () => {
    expect(readArguments(['--help'], {})).toBe('help');
    for (const option of usage.matchAll(/^ {2}--([a-z-]+) <(\w+)>/gm)) {
      const value = { address: 'https://a.example', kind: 'CreateDialog', line: '7', lines: '7', number: '7' };
      const [, name, what = ''] = option;
      expect(() => readArguments([`--${name}`, Object(value)[what] ?? 'x', 'a'], env), name).not.toThrow();
    }
  });

  it.each<[string, string[], NodeJS.ProcessEnv, string]>([
    ['no file', [], env, 'Say which file'],
    ['no service', ['a'], { TOKEN: 'x' }, '--url or GATEWAY_URL'],
    ['no address of a service', ['--url', 'dialog.example', 'a'], env, '--url or GATEWAY_URL'],
    ['no token', ['a'], { GATEWAY_URL: env.GATEWAY_URL }, 'Say where an access token is'],
    ['a kind that there is not', ['--kind', 'PurgeDialog', 'a'], env, '--kind must be one of'],
    ['a number that is none', ['--connections', '0', 'a'], env, '--connections must be a whole number'],
    ['a line to begin at, of two files', ['--start-at=3', 'a', 'b'], env, '--start-at is of one file'],
    ['an option that there is not', ['--fast', 'a'], env, '--fast'],
  ])('must not say: %s', (_, args, environment, message) => {
    expect(() => readArguments(args, environment)).toThrow(message);
  });
});
