import { error } from '@sveltejs/kit';
import { requireChange } from '#lib/commit/mayChange.ts';
import { editable, looksBinary } from '#lib/files/kind.ts';
import { readBytes } from '#lib/files/read.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { entryAt } from '#lib/files/tree.ts';
import { orFail } from '#lib/load.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params, parent }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  const [entry, refs, { rights }] = await orFail(Promise.all([entryAt(ref, place), loadRefs(ref), parent()]));
  const now = requireChange(place.revision, refs, rights);
  if (entry.type === 'directory') error(404, 'A folder has no text to edit.');
  const read = editable(entry.path, entry.size, entry.lfs !== undefined)
    ? await orFail(readBytes(ref, place.revision, place.path))
    : null;
  const isText = read !== null && !looksBinary(read.bytes);
  return {
    ref,
    place,
    entry,
    now,
    before: isText ? new TextDecoder().decode(read.bytes) : null,
    head: read?.commit ?? null
  };
}
