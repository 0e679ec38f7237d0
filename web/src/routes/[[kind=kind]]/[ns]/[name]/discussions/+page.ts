import { orFail } from '#lib/load.ts';
import { loadPulls } from '#lib/pulls/pulls.ts';
import { refOf } from '#lib/repo/ref.ts';

export async function load({ params, url }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const p = Math.max(0, Number(url.searchParams.get('p') ?? 0) || 0);
  return { ref, p, pulls: await orFail(loadPulls(ref, p)) };
}
