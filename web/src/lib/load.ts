// For load functions: what the hub refused becomes the page that says so (routes/+error.svelte).
import { error } from '@sveltejs/kit';
import { ApiError } from '#lib/api/client.ts';

export async function orFail<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (failure) {
    if (failure instanceof ApiError) error(failure.status === 0 ? 503 : failure.status, failure.message);
    throw failure;
  }
}
