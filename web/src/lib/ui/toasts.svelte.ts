// Short messages that nobody has to answer. `Toasts.svelte` shows them; screen readers hear them.

export interface Toast {
  id: number;
  kind: 'good' | 'bad';
  text: string;
}

let last = 0;
export const toasts = $state<Toast[]>([]);

export function say(text: string, kind: Toast['kind'] = 'good') {
  const id = ++last;
  toasts.push({ id, kind, text });
  setTimeout(() => dismiss(id), kind === 'bad' ? 10_000 : 4_000);
}

export function dismiss(id: number) {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

// What to tell a person about a failure.
export const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
