import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Sha256 } from './sha256.ts';

it('agrees with the system’s, whatever the pieces', () => {
  let seed = 3;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 100_003]) {
    const bytes = Uint8Array.from({ length }, () => random(256));
    const hash = new Sha256();
    for (let at = 0; at < length;) {
      const step = 1 + random(300);
      hash.update(bytes.subarray(at, at + step));
      at += step;
    }
    expect(hash.hex(), `${length} bytes`).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});
