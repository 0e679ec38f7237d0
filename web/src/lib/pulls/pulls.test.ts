import { describe, expect, it } from 'vitest';
import { commitsOf, descriptionOf, type PullDetails, pullRevision } from './pulls.ts';

const pull: PullDetails = {
  num: 3,
  title: 'Mend the card',
  status: 'open',
  createdAt: '2026-01-02T03:04:05.000Z',
  changes: { base: 'refs/heads/main' },
  events: [
    { type: 'comment', createdAt: '', data: { latest: { raw: ' Why. \n' } } },
    {
      type: 'commit',
      createdAt: '2026-01-03T00:00:00.000Z',
      author: { name: 'ann' },
      data: { subject: '', oid: 'ab' }
    },
    { type: 'status-change', createdAt: '', data: {} }
  ]
};

describe('a pull request', () => {
  it('is its first comment and its commits', () => {
    expect(descriptionOf(pull)).toBe('Why.');
    expect(commitsOf(pull)).toEqual([
      { oid: 'ab', title: 'No title', author: 'ann', date: '2026-01-03T00:00:00.000Z' }
    ]);
    expect(descriptionOf({ ...pull, events: [] })).toBe('');
    expect(pullRevision(pull.num)).toBe('refs/pr/3');
  });
});
