import { ApiError, get } from '#lib/api/client.ts';
import type { Commit, Diff } from '#lib/api/types.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { readRange, writeRange } from '#lib/history/range.ts';
import { orFail } from '#lib/load.ts';
import { refOf, repoApi } from '#lib/repo/ref.ts';

interface Comparison {
  base: { id: string };
  head: { id: string };
  mergeBase: { id: string } | null; // null: they have nothing in common
  ahead: number; // commits that the base lacks, of which the latest are listed
  commits: Commit[];
  diff: Diff;
}

export async function load({ params }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const range = readRange(params.range);
  const refs = await orFail(loadRefs(ref));
  if (range.base === '' || range.head === '') return { ref, refs, range, comparison: null, failure: null };
  try {
    const comparison = await get<Comparison>(repoApi(ref, 'compare', writeRange(range)));
    return { ref, refs, range, comparison, failure: null };
  } catch (failure) {
    // A revision that is not there is mended on the page itself: by choosing another.
    if (failure instanceof ApiError && failure.status !== 401 && failure.status !== 403 && failure.status !== 0)
      return { ref, refs, range, comparison: null, failure: failure.message };
    return await orFail(Promise.reject(failure));
  }
}
