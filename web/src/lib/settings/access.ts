// For load functions of pages that belong to somebody: strangers sign in first and come back.
import { error, redirect } from '@sveltejs/kit';
import type { Me } from '#lib/api/types.ts';
import { session } from '#lib/session.svelte.ts';

export async function requireUser(url: URL): Promise<Me> {
  const { user } = await session.load();
  if (!user) redirect(307, `/login?next=${encodeURIComponent(url.pathname + url.search)}`);
  return user;
}

export async function requireAdmin(url: URL): Promise<Me> {
  const user = await requireUser(url);
  if (!user.isAdmin) error(403, 'These pages are for the administrators of this hub.');
  return user;
}

// Who looks after an organization: its admins, and the administrators of the hub.
export async function requireOrgAdmin(url: URL, org: string): Promise<Me> {
  const user = await requireUser(url);
  const own = user.orgs.find((each) => each.name.toLowerCase() === org.toLowerCase());
  if (own?.role !== 'admin' && !user.isAdmin) {
    error(403, `Only admins of ${org} may change its settings.`);
  }
  return user;
}
