import { get } from '#lib/api/client.ts';
import type { Profile } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';

export async function load() {
  return { profile: await orFail(get<Profile>('/api/settings/profile')) };
}
