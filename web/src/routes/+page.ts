import { loadTables } from '#lib/repo/facets.ts';
import { listedTypes } from '#lib/repo/marks.ts';
import { fetchShelf } from '#lib/repo/shelf.ts';
import { soon } from '#lib/soon.ts';

export async function load({ url, parent }) {
  const { site } = await parent();
  const by: 'trending' | 'modified' = url.searchParams.get('by') === 'recent' ? 'modified' : 'trending';
  const limit = site.user ? 6 : 8;
  const tables = loadTables();
  const shelves = soon(Promise.all(listedTypes.map((type) => fetchShelf(type, { sort: by }, limit, false))));
  return { by, shelves: await shelves, tables: await tables };
}
