import { loadCard, loadNewest } from '#lib/repo/card/load.ts';
import { soon } from '#lib/soon.ts';

export async function load({ parent }) {
  const { ref, repo } = await parent();
  const newest = loadNewest(ref, repo);
  return { card: await soon(loadCard(ref, repo)), newest };
}
