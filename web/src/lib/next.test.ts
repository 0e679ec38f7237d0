import { expect, test } from 'vitest';
import { isServers, nextPlace } from './next.ts';

const hub = 'https://hub.example';

test('places on this hub are taken', () => {
  for (const place of ['/', '/acme/bert', '/models?search=a%20b#top', '/oauth/device?user_code=AB'])
    expect(nextPlace(place, hub)).toBe(place);
});

test('places elsewhere are not', () => {
  for (const place of [
    null,
    '',
    'acme',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    '/\n//evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/.\\/evil.example',
    '/%2e//evil.example',
    `${hub}//evil.example`,
    '//'
  ])
    expect(nextPlace(place, hub)).toBe('/');
});

test('signing in does not lead back to the forms', () => {
  for (const place of ['/login', '/login?next=/login', '/logout', '/join']) expect(nextPlace(place, hub)).toBe('/');
  expect(nextPlace('/loginsight/model', hub)).toBe('/loginsight/model');
});

test("the server's own pages", () => {
  expect([isServers('/oauth/device'), isServers('/api/site'), isServers('/acme/oauth')]).toEqual([true, true, false]);
});
