import { get } from '#lib/api/client.ts';
import type { Setting } from '#lib/api/admin.ts';
import { orFail } from '#lib/load.ts';

export async function load() {
  return orFail(get<{ settings: Setting[] }>('/api/admin/settings'));
}
