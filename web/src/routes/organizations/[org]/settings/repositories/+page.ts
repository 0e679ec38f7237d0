import { get } from '#lib/api/client.ts';
import type { OwnRepository } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';

export async function load({ parent }) {
  const { org } = await parent();
  const path = `/api/organizations/${encodeURIComponent(org.name)}/settings/repositories`;
  return { repositories: await orFail(get<OwnRepository[]>(path, { sort: 'storage' })) };
}
