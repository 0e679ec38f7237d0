import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { loadCommits } from '#lib/files/tree.ts';
import { orFail } from '#lib/load.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params, url, depends }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  const p = Math.max(0, Number(url.searchParams.get('p') ?? 0) || 0);
  depends('repo:files');
  const [commits, refs] = await orFail(Promise.all([loadCommits(ref, place, { p, limit: 50 }), loadRefs(ref)]));
  return { ref, place, commits, refs, p };
}
