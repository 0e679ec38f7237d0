import { describe, expect, it } from 'vitest';
import { duration, parseSize, sizeText } from './sizes.ts';

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['250000000', 250_000_000],
    ['500 GiB', 500 * 2 ** 30],
    ['1.5TB', 1.5e12],
    [' 10 mb ', 10_000_000]
  ])('reads %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
  it.each(['', 'many', '-5', '5 GB of it', '1e3', '5 gigs', '9999999 PB'])('refuses %s', (text) =>
    expect(parseSize(text)).toBeNull()
  );
  it.each([1, 999, 1000, 1024, 5 * 2 ** 30, 5e11, 123_456_789])('writes %d so that it is read again', (bytes) =>
    expect(parseSize(sizeText(bytes))).toBe(bytes)
  );
});

describe('durations', () => {
  it.each([
    [0, '0 seconds'],
    [59, '59 seconds'],
    [61, '1 minute, 1 second'],
    [3600, '1 hour'],
    [276_480, '3 days, 4 hours']
  ])('%d seconds', (seconds, text) => expect(duration(seconds)).toBe(text));
});
