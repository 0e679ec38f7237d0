import { requireUser } from '#lib/settings/access.ts';

export async function load({ url }) {
  return { user: await requireUser(url) };
}
