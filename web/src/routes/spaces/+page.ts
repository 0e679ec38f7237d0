import { loadListing } from '#lib/repo/listing_load.ts';

export const load = ({ url }) => loadListing('space', url);
