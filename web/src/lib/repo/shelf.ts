// A few repositories of one type: what shelves on the home page and on profiles show.
import { getPage, type Page } from '#lib/api/client.ts';
import type { Repo } from '#lib/api/types.ts';
import { changed, everything, listingQuery, type Listing, type ListedType } from './listing.ts';

export const fetchShelf = (
  type: ListedType,
  what: Partial<Listing>,
  limit: number,
  count = true
): Promise<Page<Repo>> =>
  getPage<Repo>(`/api/${type}s`, {
    ...listingQuery(type, changed(everything, what)),
    limit,
    withCount: count || null
  });
