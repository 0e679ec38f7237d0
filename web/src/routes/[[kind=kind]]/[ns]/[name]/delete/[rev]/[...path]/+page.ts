import { error } from '@sveltejs/kit';
import { requireChange } from '#lib/commit/mayChange.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { entryAt, headOf } from '#lib/files/tree.ts';
import { orFail } from '#lib/load.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params, parent }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  if (place.path === '') error(404, 'Name the file or folder to delete.');
  const [entry, refs, head, { rights }] = await orFail(
    Promise.all([entryAt(ref, place, true), loadRefs(ref), headOf(ref, place.revision), parent()])
  );
  return { ref, place, entry, now: requireChange(place.revision, refs, rights), head };
}
