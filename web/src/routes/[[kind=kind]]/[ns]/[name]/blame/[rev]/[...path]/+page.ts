import { ApiError, get } from '#lib/api/client.ts';
import type { Commit } from '#lib/api/types.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { entryAt } from '#lib/files/tree.ts';
import { readText } from '#lib/files/read.ts';
import { orFail } from '#lib/load.ts';
import { escapePath, escapeRevision, refOf, repoApi } from '#lib/repo/ref.ts';

interface Blame {
  commits: Record<string, Pick<Commit, 'id' | 'title' | 'authors' | 'date'>>;
  ranges: { commit: string; start: number; lines: number }[];
}

export async function load({ params }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  const [entry, refs] = await orFail(Promise.all([entryAt(ref, place), loadRefs(ref)]));
  try {
    const blame = await get<Blame>(repoApi(ref, 'blame', escapeRevision(place.revision), escapePath(place.path)));
    const { text } = await readText(ref, place.revision, place.path);
    return { ref, place, entry, refs, blame, text, failure: null };
  } catch (failure) {
    // Binary, or too large: the page says so and leads back.
    if (failure instanceof ApiError && failure.status !== 401 && failure.status !== 403)
      return { ref, place, entry, refs, blame: null, text: '', failure: failure.message };
    return await orFail(Promise.reject(failure));
  }
}
