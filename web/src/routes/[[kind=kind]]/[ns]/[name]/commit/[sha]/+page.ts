import { get } from '#lib/api/client.ts';
import type { Commit, Diff } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';
import { refOf, repoApi } from '#lib/repo/ref.ts';

export async function load({ params }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const { commit, diff } = await orFail(
    get<{ commit: Commit; diff: Diff }>(repoApi(ref, 'commit', encodeURIComponent(params.sha)))
  );
  return { ref, commit, diff };
}
