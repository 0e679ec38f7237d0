import { listedTypes } from '#lib/repo/marks.ts';
import { findText, hitsPerPage, readTextSearch } from '#lib/search/search.ts';
import { soon } from '#lib/soon.ts';

// A few of each type, or one type page by page.
export async function load({ url }) {
  const search = readTextSearch(url.searchParams);
  const { q, type, cursor } = search;
  const found =
    q === ''
      ? null
      : await soon(
          Promise.all(
            (type ? [type] : listedTypes).map(async (each) => ({
              type: each,
              ...(await findText(q, each, type ? hitsPerPage : 5, type ? cursor : ''))
            }))
          )
        );
  return { search, found };
}
