import { expect, test } from 'vitest';
import { soon } from './soon.ts';

test('a quick answer is here, a quick refusal too', async () => {
  expect(await soon(Promise.resolve(1))).toEqual({ state: 'here', value: 1 });
  const failure = new Error('no');
  expect(await soon(Promise.reject(failure))).toEqual({ state: 'failed', failure });
});

test('a slow answer comes later', async () => {
  let answer: (value: number) => void = () => {};
  const got = await soon(new Promise<number>((resolve) => (answer = resolve)), 1);
  expect(got.state).toBe('later');
  answer(2);
  if (got.state === 'later') expect(await got.answer).toBe(2);
});
