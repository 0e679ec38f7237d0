import { get } from '#lib/api/client.ts';
import type { AdminOrganizations } from '#lib/api/admin.ts';
import { orFail } from '#lib/load.ts';

export async function load({ url }) {
  const query = { search: url.searchParams.get('search') ?? undefined, limit: 100 };
  return { query, first: await orFail(get<AdminOrganizations>('/api/admin/organizations', query)) };
}
