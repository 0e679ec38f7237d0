import { redirect } from '@sveltejs/kit';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { entryAt } from '#lib/files/tree.ts';
import { orFail } from '#lib/load.ts';
import { refOf, revisionPage } from '#lib/repo/ref.ts';

export async function load({ params, depends }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  depends('repo:files');
  if (place.path === '') redirect(307, revisionPage(ref, 'tree', place.revision));
  const [entry, refs] = await orFail(Promise.all([entryAt(ref, place, true), loadRefs(ref)]));
  if (entry.type === 'directory') redirect(307, revisionPage(ref, 'tree', place.revision, place.path));
  return { ref, place, entry, refs };
}
