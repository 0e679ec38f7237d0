import { describe, expect, it } from 'vitest';
import { wrongWithName } from './names.ts';

describe('names of users and organizations', () => {
  it.each(['acme', 'Acme-Research', 'a', 'x_1', 'a'.repeat(42), ''])('takes %s', (name) => {
    expect(wrongWithName(name)).toBeNull();
  });
  it.each(['a b', 'acme.org', 'ä', '-a', 'a-', 'a--b', 'a'.repeat(43), 'datasets', 'Admin', 'new-space', 'a/b'])(
    'refuses %s',
    (name) => {
      expect(wrongWithName(name)).not.toBeNull();
    }
  );
});
