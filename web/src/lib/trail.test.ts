import { expect, test } from 'vitest';
import { before, remember } from './trail.ts';

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value)
  };
}

test('the way back is the way one came', () => {
  const store = memory();
  remember('/models', 2, 'b', store);
  remember('/models', 3, 'c', store);
  expect(before('/models', 4, store)).toBe('c');
  expect(before('/models', 3, store)).toBe('b');
  expect(before('/models', 2, store)).toBe('');
});

test('a page from a link knows no way back, other lists have their own', () => {
  const store = memory();
  remember('/models', 5, 'e', store);
  expect(before('/models', 5, store)).toBe(null);
  expect(before('/models', 6, store)).toBe('e');
  expect(before('/datasets', 6, store)).toBe(null);
});

test('another way through the same list forgets what lay behind it', () => {
  const store = memory();
  remember('/models', 2, 'b', store);
  remember('/models', 3, 'c', store);
  remember('/models', 2, 'x', store);
  expect(before('/models', 4, store)).toBe(null);
});

test('storage that is closed or spoiled is no trouble', () => {
  const closed = {
    getItem: () => {
      throw new Error('closed');
    },
    setItem: () => {
      throw new Error('closed');
    }
  };
  remember('/models', 2, 'b', closed);
  expect(before('/models', 3, closed)).toBe(null);
  expect(before('/models', 3, { getItem: () => '{"a":', setItem: () => {} })).toBe(null);
});
