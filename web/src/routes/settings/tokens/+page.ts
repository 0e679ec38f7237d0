import { get } from '#lib/api/client.ts';
import type { Token } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';

export async function load({ depends }) {
  depends('settings:tokens');
  return { tokens: await orFail(get<Token[]>('/api/settings/tokens')) };
}
