import { orFail } from '#lib/load.ts';
import { loadPull } from '#lib/pulls/pulls.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params }) {
  const ref = refOf(params.kind, params.ns, params.name);
  return { ref, pull: await orFail(loadPull(ref, params.number)) };
}
