// Asking for files and commits of a revision.
import { ApiError, get, getPage, request, withQuery, type Page } from '#lib/api/client.ts';
import type { Commit, TreeEntry } from '#lib/api/types.ts';
import { escapePath, escapeRevision, repoApi, type RepoRef } from '#lib/repo/ref.ts';
import type { Place } from './revision.ts';

export function loadTree(repo: RepoRef, { revision, path }: Place): Promise<Page<TreeEntry>> {
  const rest = path === '' ? [] : [escapePath(path)];
  return getPage<TreeEntry>(repoApi(repo, 'tree', escapeRevision(revision), ...rest), { limit: 1000 });
}

// Entries of paths that exist, with the commit that changed each last where `expand` asks for it.
export async function pathsInfo(
  repo: RepoRef,
  revision: string,
  paths: string[],
  expand = false
): Promise<TreeEntry[]> {
  const response = await request(repoApi(repo, 'paths-info', escapeRevision(revision)), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ paths, expand })
  });
  return (await response.json()) as TreeEntry[];
}

export async function entryAt(repo: RepoRef, { revision, path }: Place, expand = false): Promise<TreeEntry> {
  const [entry] = await pathsInfo(repo, revision, [path], expand);
  if (!entry) throw new ApiError(404, 'Entry not found', 'EntryNotFound');
  return entry;
}

// `path` limits the history to commits that change it.
export const loadCommits = (repo: RepoRef, { revision, path }: Place, query: { p?: number; limit?: number } = {}) =>
  getPage<Commit>(repoApi(repo, 'commits', escapeRevision(revision)), { ...query, path });

export const headOf = async (repo: RepoRef, revision: string) =>
  (await get<Commit[]>(withQuery(repoApi(repo, 'commits', escapeRevision(revision)), { limit: 1 })))[0] ?? null;

// Folders first, then by name as people read it.
const byName = new Intl.Collator('en', { numeric: true }).compare;
export const inOrder = (entries: TreeEntry[]) =>
  entries.toSorted((a, b) => (a.type === b.type ? byName(a.path, b.path) : a.type === 'directory' ? -1 : 1));
