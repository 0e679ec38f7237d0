import { findNames } from '#lib/search/search.ts';
import { soon } from '#lib/soon.ts';

export async function load({ url }) {
  const q = (url.searchParams.get('q') ?? '').trim();
  return { q, found: q === '' ? null : await soon(findNames(q)) };
}
