import { requireAdmin } from '#lib/settings/access.ts';

export async function load({ url }) {
  await requireAdmin(url);
}
