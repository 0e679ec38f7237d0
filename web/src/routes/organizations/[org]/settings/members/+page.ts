import { getPage } from '#lib/api/client.ts';
import type { Member } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';

export async function load({ parent, depends }) {
  const { org } = await parent();
  depends(`members:${org.name}`);
  return {
    members: await orFail(getPage<Member>(`/api/organizations/${encodeURIComponent(org.name)}/members`, { limit: 200 }))
  };
}
