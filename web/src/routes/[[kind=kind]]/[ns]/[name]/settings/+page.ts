import { error } from '@sveltejs/kit';
import { requireUser } from '#lib/settings/access.ts';

export async function load({ parent, url }) {
  const user = await requireUser(url);
  const { rights } = await parent();
  if (!rights.manage)
    error(403, 'Only its owner, or an admin of the organization that owns it, may change its settings.');
  return { user };
}
