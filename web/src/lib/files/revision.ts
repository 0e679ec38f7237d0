// Which revision and which path a page's address means, and what kind of thing a revision is.

import type { Refs } from '#lib/api/types.ts';

export interface Place {
  revision: string;
  path: string; // "" is the root
}

// Revisions stand in addresses as one segment, their slashes escaped. Addresses typed by hand or printed by git
// say `refs/pr/3` as it is: three segments that belong together.
export function placeOf(params: { rev: string; path?: string }): Place {
  const path = (params.path ?? '').replace(/\/+$/, '');
  if (params.rev !== 'refs') return { revision: params.rev, path };
  const [kind, name, ...rest] = path.split('/');
  return { revision: ['refs', kind, name].filter(Boolean).join('/'), path: rest.join('/') };
}

export type RevisionKind = 'branch' | 'tag' | 'pull' | 'convert' | 'commit';

export interface NamedRevision {
  kind: RevisionKind;
  name: string; // as people say it: main, v1.0, #3, 1531ea1
  revision: string; // as addresses and the API say it
}

export function allRevisions(refs: Refs): NamedRevision[] {
  return [
    ...refs.branches.map(({ name }) => ({ kind: 'branch' as const, name, revision: name })),
    ...refs.tags.map(({ name }) => ({ kind: 'tag' as const, name, revision: name })),
    ...(refs.pullRequests ?? []).map(({ name, ref }) => ({ kind: 'pull' as const, name: `#${name}`, revision: ref })),
    ...refs.converts.map(({ name, ref }) => ({ kind: 'convert' as const, name, revision: ref }))
  ];
}

export function describeRevision(revision: string, refs: Refs): NamedRevision {
  const named = allRevisions(refs).find((each) => each.revision === revision);
  if (named) return named;
  if (/^refs\/pr\/\d+$/.test(revision)) return { kind: 'pull', name: `#${revision.slice(8)}`, revision };
  if (/^[0-9a-f]{40}$/.test(revision)) return { kind: 'commit', name: revision.slice(0, 7), revision };
  return { kind: 'branch', name: revision, revision };
}

// Commits go onto branches and pull requests; tags and single commits stay as they are.
export const takesCommits = ({ kind }: NamedRevision) => kind === 'branch' || kind === 'pull';

export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);
export const parentOf = (path: string) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
export const joinPath = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);

// What is wrong with a path that somebody types; null when it may be.
export function pathProblem(path: string): string | null {
  if (path.trim() === '') return 'Give the file a name.';
  if (path.startsWith('/') || path.endsWith('/')) return 'A path begins and ends with a name.';
  if (path.length > 1000) return 'The path is longer than 1000 characters.';
  if (/[\\\u0000-\u001f\u007f]/.test(path)) return 'Backslashes and control characters are not allowed.';
  for (const part of path.split('/')) {
    if (part === '') return 'Two slashes stand together.';
    if (part === '.' || part === '..') return `“${part}” is not a name.`;
    if (part.toLowerCase() === '.git') return '“.git” is git’s own folder.';
  }
  return null;
}
