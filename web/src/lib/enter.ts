// After signing in or up: who is here is known anew, and everything that was loaded for somebody else is loaded again.
import { goto } from '$app/navigation';
import { isServers, nextPlace } from '#lib/next.ts';
import { session } from '#lib/session.svelte.ts';

export async function enter(next: string | null) {
  const place = nextPlace(next, location.origin);
  if (isServers(place)) {
    location.assign(place);
    return;
  }
  await session.reload();
  await goto(place, { replace: true, refreshAll: true });
}
