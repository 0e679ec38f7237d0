// RepoRef: which repository, and the addresses of its pages and of its API.

export type RepoType = 'model' | 'dataset' | 'space' | 'kernel';
export type RepoKind = 'models' | 'datasets' | 'spaces' | 'kernels'; // the word in API addresses

export interface RepoRef {
  type: RepoType;
  ns: string;
  name: string;
}

export const kindOf = (type: RepoType): RepoKind => `${type}s`;

// `word` is the first segment of a page's address: nothing for a model.
export function refOf(word: string | undefined, ns: string, name: string): RepoRef {
  const type = word === undefined || word === 'models' ? 'model' : (word.slice(0, -1) as RepoType);
  return { type, ns, name };
}

export const refFromId = (type: RepoType, id: string): RepoRef => {
  const slash = id.indexOf('/');
  return { type, ns: id.slice(0, slash), name: id.slice(slash + 1) };
};

export const repoId = (repo: RepoRef) => `${repo.ns}/${repo.name}`;

// A path inside a repository, with its slashes; a revision, whose slashes are escaped.
export const escapePath = (path: string) => path.split('/').map(encodeURIComponent).join('/');
export const escapeRevision = (revision: string) => encodeURIComponent(revision);

export function repoPage(repo: RepoRef): string {
  const before = repo.type === 'model' ? '' : `/${kindOf(repo.type)}`;
  return `${before}/${encodeURIComponent(repo.ns)}/${encodeURIComponent(repo.name)}`;
}

// Every page below a repository that shows a revision, and a path in it where one is meant.
export type RepoPageName =
  | 'tree'
  | 'blob'
  | 'blame'
  | 'commits'
  | 'commit'
  | 'compare'
  | 'edit'
  | 'new'
  | 'upload'
  | 'delete'
  | 'resolve'
  | 'raw';
export function revisionPage(repo: RepoRef, page: RepoPageName, revision: string, path = ''): string {
  const rest = path === '' ? '' : `/${escapePath(path)}`;
  return `${repoPage(repo)}/${page}/${escapeRevision(revision)}${rest}`;
}

// Bytes of a file, as downloads and <img> want them.
export const resolveUrl = (repo: RepoRef, revision: string, path: string, download = false) =>
  revisionPage(repo, 'resolve', revision, path) + (download ? '?download=true' : '');

export function repoApi(repo: RepoRef, ...rest: string[]): string {
  const id = `${encodeURIComponent(repo.ns)}/${encodeURIComponent(repo.name)}`;
  return ['/api', kindOf(repo.type), id, ...rest].join('/');
}
