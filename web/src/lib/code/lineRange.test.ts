import { expect, it } from 'vitest';
import { readLineRange, writeLineRange } from './lineRange.ts';

it('reads lines of an address', () => {
  expect(readLineRange('#L10')).toEqual({ from: 10, to: 10 });
  expect(readLineRange('#L20-L10')).toEqual({ from: 10, to: 20 });
  expect(readLineRange('#L1-2')).toEqual({ from: 1, to: 2 });
  for (const none of ['', '#', '#L0', '#Lx', '#L1-', '#readme', '#L12345678901'])
    expect(readLineRange(none)).toBeNull();
  expect(writeLineRange({ from: 3, to: 3 })).toBe('#L3');
  expect(writeLineRange({ from: 3, to: 9 })).toBe('#L3-L9');
});
