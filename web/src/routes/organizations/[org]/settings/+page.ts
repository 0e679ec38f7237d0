import { redirect } from '@sveltejs/kit';

export function load({ params }) {
  redirect(307, `/organizations/${encodeURIComponent(params.org)}/settings/profile`);
}
