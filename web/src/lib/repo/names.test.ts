import { describe, expect, it } from 'vitest';
import { wrongWithRepoId, wrongWithRepoName } from './names.ts';

describe('names of repositories', () => {
  it('that are good', () => {
    for (const name of ['bert', 'Llama-3.1_8B', 'a', 'x'.repeat(96), '_x'])
      expect(wrongWithRepoName(name), name).toBeNull();
  });

  it('that are not', () => {
    for (const name of ['a b', 'é', 'a/b', 'x'.repeat(97), '-a', 'a.', 'a--b', 'a..b', 'a.GIT', 'Tree', 'settings'])
      expect(wrongWithRepoName(name), name).not.toBeNull();
  });

  it('with their owner', () => {
    expect(wrongWithRepoId('acme/bert')).toBeNull();
    for (const id of ['bert', '/bert', 'acme/', 'a/b/c', 'acme/-x']) expect(wrongWithRepoId(id), id).not.toBeNull();
  });
});
