import { expect, it } from 'vitest';
import { duration, Speed } from './speed.ts';

it('measures the last seconds', () => {
  const speed = new Speed();
  expect(speed.perSecond).toBe(0);
  for (let second = 0; second <= 20; second++) speed.add(second * 100, second * 1000);
  expect(speed.perSecond).toBe(100);
  speed.add(0, 21_000);
  expect(speed.perSecond).toBe(0);
});
it('names durations', () => {
  expect([0.2, 45, 700, 11_100, Infinity].map(duration)).toEqual(['1 s', '45 s', '12 min', '3 h 5 min', '']);
});
