import { expect, test } from 'vitest';
import { linkTarget, mediaSet, mediaTarget } from './addresses.ts';

const place = {
  ref: { type: 'model', ns: 'acme', name: 'bert' } as const,
  revision: 'main',
  origin: 'https://hub.example'
};

// Each has a path on this hub that would be another host, standing alone in a page.
const disguised = [
  '/.//evil.example',
  '/a/..//evil.example/x.png',
  '/%2e//evil.example',
  '/.\\/evil.example',
  '/.\\\\evil.example',
  '/\t.//evil.example',
  'https://hub.example//evil.example',
  'https://hub.example/.//evil.example/x.png',
  'https:\\\\hub.example\\\\evil.example',
  '//hub.example//evil.example'
];

test('a path that is another host leads nowhere', () => {
  for (const address of disguised) {
    expect(linkTarget(address, place), address).toBeNull();
    expect(mediaTarget(address, place), address).toBeNull();
    expect(mediaSet(`${address} 1x`, place) ?? '', address).not.toMatch(/^\/\//);
  }
});

test('a path on this hub is taken as it is', () => {
  for (const [address, href] of [
    ['/acme/other?x=1#top', '/acme/other?x=1#top'],
    ['https://hub.example/acme//other', '/acme//other'],
    ['/./acme/other', '/acme/other'],
    ['//hub.example/acme', '/acme']
  ] as const)
    expect(linkTarget(address, place), address).toEqual({ href, outside: false });
  expect(mediaTarget('/acme/bert/blob/main/a.png', place)).toEqual({
    href: '/acme/bert/resolve/main/a.png',
    outside: false
  });
  expect(mediaTarget('/avatars/acme.png?s=2', place)).toEqual({ href: '/avatars/acme.png?s=2', outside: false });
});
