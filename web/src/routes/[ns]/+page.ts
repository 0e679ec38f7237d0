import { getPage } from '#lib/api/client.ts';
import { orFail } from '#lib/load.ts';
import { findProfile, type Member } from '#lib/people/profile.ts';
import { loadTables } from '#lib/repo/facets.ts';
import { readListing, sortsOf } from '#lib/repo/listing.ts';
import { listedTypes } from '#lib/repo/marks.ts';
import { fetchShelf } from '#lib/repo/shelf.ts';
import { soon } from '#lib/soon.ts';

const perShelf = 10;

export async function load({ params, url, depends }) {
  depends(`profile:${params.ns}`);
  const profile = orFail(findProfile(params.ns));
  const { search, sort } = readListing('model', url.searchParams);
  const by = url.searchParams.has('sort') ? sort : 'modified';
  const shelves = soon(
    Promise.all(
      listedTypes.map((type) => {
        // A Space has no downloads, a dataset no parameters: then by date.
        const order = sortsOf(type).some(({ name }) => name === by) ? by : 'modified';
        return fetchShelf(type, { author: params.ns, search, sort: order }, perShelf);
      })
    )
  );
  const tables = loadTables();
  const found = await profile;
  const members =
    found.kind === 'org'
      ? soon(getPage<Member>(`/api/organizations/${encodeURIComponent(found.name)}/members`, { limit: 60 }))
      : null;
  return { profile: found, search, sort: by, shelves: await shelves, tables: await tables, members: await members };
}
