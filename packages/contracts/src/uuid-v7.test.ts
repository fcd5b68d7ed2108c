import { expect, it } from 'vitest';
import { epochMsOfUuidV7, isUuidV7 } from './uuid-v7.ts';

it('knows version 7 by its digit and its variant', () => {
  for (const variant of ['8', '9', 'a', 'b'])
    expect(isUuidV7(`019cf0a2-6d5e-7c31-${variant}d44-0f6a1b2c3d4e`)).toBe(true);
  expect(isUuidV7('019cf0a2-6d5e-4c31-9d44-0f6a1b2c3d4e')).toBe(false);
  expect(isUuidV7('019cf0a2-6d5e-7c31-cd44-0f6a1b2c3d4e')).toBe(false);
  expect(isUuidV7('00000000-0000-0000-0000-000000000000')).toBe(false);
});

it('reads the time of the example in RFC 9562', () => {
  expect(epochMsOfUuidV7('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBe(Date.parse('2022-02-22T19:22:22Z'));
});
