// What the pages /models, /datasets and /spaces load.
import { getPage, get, type Page } from '#lib/api/client.ts';
import type { Repo } from '#lib/api/types.ts';
import { soon, type Soon } from '#lib/soon.ts';
import { loadTables, type Tables, type TagsByType } from './facets.ts';
import { listingQuery, readListing, type ListedType, type Listing } from './listing.ts';

export interface Listed {
  type: ListedType;
  listing: Listing;
  found: Soon<Page<Repo>>;
  tables: Tables;
}

export async function loadListing(type: ListedType, url: URL): Promise<Listed> {
  const listing = readListing(type, url.searchParams);
  const found = soon(getPage<Repo>(`/api/${type}s`, listingQuery(type, listing)));
  const tables = loadTables();
  return { type, listing, found: await found, tables: await tables };
}

// Tags in use change slowly: asked for once a minute at most, by each reader.
const minute = 60_000;
const known = new Map<string, { at: number; tags: Promise<TagsByType> }>();

export function loadTags(type: ListedType, reader: string): Promise<TagsByType> {
  const key = `${type} ${reader}`;
  const before = known.get(key);
  if (before && Date.now() - before.at < minute) return before.tags;
  const tags = get<TagsByType>(`/api/${type}s-tags-by-type`);
  known.set(key, { at: Date.now(), tags });
  tags.catch(() => known.delete(key)); // the next page asks again
  return tags;
}
