import { describe, expect, it } from 'vitest';
import type { Refs } from '#lib/api/types.ts';
import { describeRevision, parentOf, pathProblem, placeOf, takesCommits } from './revision.ts';

const refs: Refs = {
  branches: [{ name: 'a/b', ref: 'refs/heads/a/b', targetCommit: '' }],
  tags: [{ name: 'v1', ref: 'refs/tags/v1', targetCommit: '' }],
  converts: [{ name: 'parquet', ref: 'refs/convert/parquet', targetCommit: '' }],
  pullRequests: [{ name: '3', ref: 'refs/pr/3', targetCommit: '' }]
};

describe('placeOf', () => {
  it('takes a revision as one segment', () => {
    expect(placeOf({ rev: 'refs/pr/1', path: 'a/b' })).toEqual({ revision: 'refs/pr/1', path: 'a/b' });
    expect(placeOf({ rev: 'main' })).toEqual({ revision: 'main', path: '' });
    expect(placeOf({ rev: 'main', path: 'a/' })).toEqual({ revision: 'main', path: 'a' });
  });
  it('joins refs that were not escaped', () => {
    expect(placeOf({ rev: 'refs', path: 'pr/1/a/b' })).toEqual({ revision: 'refs/pr/1', path: 'a/b' });
    expect(placeOf({ rev: 'refs', path: 'convert/parquet' })).toEqual({ revision: 'refs/convert/parquet', path: '' });
  });
});

describe('describeRevision', () => {
  it('knows kinds', () => {
    expect(describeRevision('v1', refs).kind).toBe('tag');
    expect(describeRevision('a/b', refs)).toEqual({ kind: 'branch', name: 'a/b', revision: 'a/b' });
    expect(describeRevision('refs/pr/3', refs).name).toBe('#3');
    expect(describeRevision('refs/pr/99', refs).kind).toBe('pull');
    expect(describeRevision('0123456789'.repeat(4), refs)).toMatchObject({ kind: 'commit', name: '0123456' });
  });
  it('lets branches and pull requests take commits', () => {
    expect(takesCommits(describeRevision('a/b', refs))).toBe(true);
    expect(takesCommits(describeRevision('refs/pr/3', refs))).toBe(true);
    expect(takesCommits(describeRevision('v1', refs))).toBe(false);
    expect(takesCommits(describeRevision('0123456789'.repeat(4), refs))).toBe(false);
  });
});

describe('paths', () => {
  it('names what is wrong', () => {
    for (const bad of ['', ' ', '/a', 'a/', 'a//b', '../a', 'a/./b', '.git/config', 'a\\b', 'a\nb'])
      expect(pathProblem(bad), bad).not.toBeNull();
    for (const good of ['a', 'a/b c/ü.txt', '.gitattributes', 'a..b', '.github/x'])
      expect(pathProblem(good)).toBeNull();
  });
  it('finds the parent', () => {
    expect(parentOf('a/b/c')).toBe('a/b');
    expect(parentOf('a')).toBe('');
  });
});
