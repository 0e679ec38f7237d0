import { get } from '#lib/api/client.ts';
import type { AdminUsers } from '#lib/api/admin.ts';
import { orFail } from '#lib/load.ts';

export async function load({ url, depends }) {
  depends('admin:users');
  const query = { search: url.searchParams.get('search') ?? undefined, limit: 100 };
  return { query, first: await orFail(get<AdminUsers>('/api/admin/users', query)) };
}
