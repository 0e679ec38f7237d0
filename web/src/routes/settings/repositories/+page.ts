import { get } from '#lib/api/client.ts';
import type { OwnRepository } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';

export async function load() {
  return { repositories: await orFail(get<OwnRepository[]>('/api/settings/repositories', { sort: 'storage' })) };
}
