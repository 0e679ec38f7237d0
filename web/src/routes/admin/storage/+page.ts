import { get } from '#lib/api/client.ts';
import type { Storage } from '#lib/api/admin.ts';
import { orFail } from '#lib/load.ts';

export async function load({ depends }) {
  depends('admin:storage');
  return { storage: await orFail(get<Storage>('/api/admin/storage')) };
}
