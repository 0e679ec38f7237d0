// What the search pages ask for: names (quick search), and words in cards (full text).
import { get, withQuery } from '#lib/api/client.ts';
import type { FullTextHit } from '#lib/api/types.ts';
import { listedTypes } from '#lib/repo/marks.ts';
import type { ListedType } from '#lib/repo/listing.ts';
import { refFromId, repoPage, revisionPage } from '#lib/repo/ref.ts';

export interface Names {
  models: { id: string }[];
  datasets: { id: string }[];
  spaces: { id: string }[];
  orgs: { name: string; fullname?: string }[];
  users: { user: string; fullname?: string }[];
  modelsCount?: number;
  datasetsCount?: number;
  spacesCount?: number;
  orgsCount?: number;
  usersCount?: number;
}

export const findNames = (q: string) => get<Names>('/api/quicksearch', { q, limit: 8 });

export interface Hits {
  hits: FullTextHit[];
  total: number;
  next?: string;
}

export interface TextSearch {
  q: string;
  type: ListedType | null; // all of them, where none is meant
  cursor: string;
  page: number;
}

export function readTextSearch(params: URLSearchParams): TextSearch {
  const type = params.get('type') as ListedType | null;
  return {
    q: (params.get('q') ?? '').trim(),
    type: type && listedTypes.includes(type) ? type : null,
    cursor: params.get('cursor') ?? '',
    page: Math.max(1, Math.trunc(Number(params.get('p'))) || 1)
  };
}

export const textSearchAddress = ({ q, type, cursor, page }: TextSearch) =>
  withQuery('/search/full-text', { q, type, p: page > 1 ? page : null, cursor });

export const hitsPerPage = 20;

export const findText = (q: string, type: ListedType, limit: number, cursor = '') =>
  get<Hits>('/api/search/full-text', { q, type, limit, cursor });

// Where a hit is read: a card on the repository's own page, another file on its page.
export function hitPage(hit: FullTextHit): string {
  const ref = refFromId(hit.type, hit.id);
  return hit.path === 'README.md' ? repoPage(ref) : revisionPage(ref, 'blob', 'main', hit.path);
}
