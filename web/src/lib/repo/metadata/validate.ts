// What the hub says about a card before it is committed (hub-api 8.1). It answers JSON whatever happens; 400 is an answer, too.
import type { RepoType } from '#lib/repo/ref.ts';

export interface CardCheck {
  errors: string[];
  warnings: string[];
}

const messages = (list: unknown): string[] =>
  Array.isArray(list)
    ? list.map((each: unknown) => String((each as { message?: unknown } | null)?.message ?? '')).filter(Boolean)
    : [];

export async function checkCard(content: string, repoType: RepoType, signal?: AbortSignal): Promise<CardCheck> {
  const response = await fetch('/api/validate-yaml', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ content, repoType }),
    signal
  });
  const said = (await response.json()) as { errors?: unknown; warnings?: unknown; error?: unknown };
  const errors = messages(said.errors);
  if (!response.ok && errors.length === 0) errors.push(String(said.error ?? `The server answered ${response.status}`));
  return { errors, warnings: messages(said.warnings) };
}
