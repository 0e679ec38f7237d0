import { requireChange } from '#lib/commit/mayChange.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { headOf } from '#lib/files/tree.ts';
import { orFail } from '#lib/load.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params, parent, url }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  const [refs, head, { rights }] = await orFail(
    Promise.all([loadRefs(ref), headOf(ref, place.revision).catch(() => null), parent()])
  );
  const now = requireChange(place.revision, refs, rights);
  return { ref, place, now, head, name: url.searchParams.get('filename') ?? '' };
}
