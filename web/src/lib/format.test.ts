import { expect, test } from 'vitest';
import { ago, bytes, count, plural } from './format.ts';

test('sizes are decimal and keep three digits', () => {
  expect([0, 999, 1000, 1234567, 999_600, 5e9, 123.4e12].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1.00 kB',
    '1.23 MB',
    '1.00 MB',
    '5.00 GB',
    '123 TB'
  ]);
});

test('counts are short, and never a thousand of a unit', () => {
  expect([0, 999, 1000, 1234, 34_500_000, 7.24e9, 999_960].map(count)).toEqual([
    '0',
    '999',
    '1k',
    '1.23k',
    '34.5M',
    '7.24B',
    '1M'
  ]);
});

test('times are told from now', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  expect(ago('2026-03-01T11:59:30Z', now)).toBe('just now');
  expect(ago('2026-03-01T10:00:00Z', now)).toBe('2 hours ago');
  expect(ago('2026-02-28T11:00:00Z', now)).toBe('yesterday');
  expect(ago('2024-02-28T11:00:00Z', now)).toBe('2 years ago');
});

test('one is singular', () => {
  expect(plural(1, 'file')).toBe('1 file');
  expect(plural(1200, 'file')).toBe('1,200 files');
});
