import { expect, test } from 'vitest';
import { hitPage, readTextSearch, textSearchAddress } from './search.ts';

test('an address of a search reads as it was written', () => {
  for (const text of [
    '/search/full-text?q=a+b&type=dataset&p=2&cursor=x',
    '/search/full-text?q=%26',
    '/search/full-text'
  ])
    expect(textSearchAddress(readTextSearch(new URL(text, 'http://hub').searchParams))).toBe(text);
});

test('a type that does not exist means all', () => {
  expect(readTextSearch(new URLSearchParams('q=x&type=people')).type).toBe(null);
});

test('a hit leads to the card, or to the file', () => {
  const hit = { type: 'dataset' as const, id: 'acme/wiki', excerpt: [], lastModified: '', private: false };
  expect(hitPage({ ...hit, path: 'README.md' })).toBe('/datasets/acme/wiki');
  expect(hitPage({ ...hit, path: 'docs/a b.md' })).toBe('/datasets/acme/wiki/blob/main/docs/a%20b.md');
});
