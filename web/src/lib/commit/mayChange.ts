// For pages that change files: who may not write or propose gets the page that says so.
import { error } from '@sveltejs/kit';
import type { Refs, Rights } from '#lib/api/types.ts';
import { describeRevision, takesCommits, type NamedRevision } from '#lib/files/revision.ts';

export function requireChange(revision: string, refs: Refs, rights: Rights): NamedRevision {
  const now = describeRevision(revision, refs);
  if (!rights.write && !rights.propose) error(403, 'Changing files here needs the right to write, and an account.');
  if (!takesCommits(now)) error(403, 'Tags and single commits stay as they are. Choose a branch to change files on.');
  return now;
}
