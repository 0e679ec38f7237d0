import { expect, it } from 'vitest';
import { readRange, writeRange } from './range.ts';

it('reads and writes ranges', () => {
  expect(readRange('main..refs/pr/1')).toEqual({ base: 'main', head: 'refs/pr/1' });
  expect(readRange('v1.0...feature/x')).toEqual({ base: 'v1.0', head: 'feature/x' });
  expect(readRange('feature/x')).toEqual({ base: 'main', head: 'feature/x' });
  expect(readRange('')).toEqual({ base: 'main', head: '' });
  expect(writeRange({ base: 'main', head: 'refs/pr/1' })).toBe('main..refs%2Fpr%2F1');
});
