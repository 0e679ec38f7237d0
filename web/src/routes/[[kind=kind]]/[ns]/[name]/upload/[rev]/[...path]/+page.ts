import { requireChange } from '#lib/commit/mayChange.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { orFail } from '#lib/load.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params, parent }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  const [refs, { rights }] = await orFail(Promise.all([loadRefs(ref), parent()]));
  return { ref, place, now: requireChange(place.revision, refs, rights) };
}
