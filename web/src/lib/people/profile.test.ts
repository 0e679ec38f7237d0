import { expect, test } from 'vitest';
import { webAddress } from './profile.ts';

test('addresses of the web become links, nothing else does', () => {
  expect(webAddress('https://acme.example/people')).toBe('https://acme.example/people');
  expect(webAddress('acme.example')).toBe('https://acme.example/');
  for (const text of [
    '',
    null,
    undefined,
    'javascript:alert(1)',
    'data:text/html,x',
    'mailto:a@b.example',
    'no address',
    'ftp://a.example',
    'https://'
  ])
    expect(webAddress(text)).toBe('');
});
