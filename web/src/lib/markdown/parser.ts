// Parses Markdown in a worker, one text after another, each with a limit of size and time.

export const textCharactersMax = 1_200_000;
export const parseMillisecondsMax = 4000;

export class TooMuch extends Error {}

interface Asked {
  id: number;
  text: string;
  done: (html: string) => void;
  failed: (error: Error) => void;
}

let worker: Worker | null = null;
let last = 0;
let now: Asked | null = null;
let timer: ReturnType<typeof setTimeout>;
const waiting: Asked[] = [];

// Begins to load the worker; a page that will show a card calls it before the card's text is there.
export function warm(): void {
  if (worker || typeof Worker === 'undefined') return;
  worker = new Worker(new URL('./parse_worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<{ id: number; html?: string; error?: string }>) => {
    if (data.id !== now?.id) return;
    if (data.html !== undefined) now.done(data.html);
    else now.failed(new TooMuch(data.error));
    next();
  };
  worker.onerror = () => end(new Error('The reader of Markdown did not load'));
}

function end(error: Error): void {
  worker?.terminate();
  worker = null;
  now?.failed(error);
  next();
}

function next(): void {
  clearTimeout(timer);
  now = waiting.shift() ?? null;
  if (!now) return;
  const begun = worker !== null;
  warm();
  // The first text also waits for the worker's code, over whatever network this is.
  timer = setTimeout(
    () => end(new TooMuch('It takes too long to format.')),
    parseMillisecondsMax + (begun ? 0 : 10_000)
  );
  worker?.postMessage({ id: now.id, text: now.text });
}

// HTML that is not safe yet: for sanitize() alone.
export function parse(text: string): Promise<string> {
  if (text.length > textCharactersMax) return Promise.reject(new TooMuch('It is too long to be formatted.'));
  return new Promise((done, failed) => {
    waiting.push({ id: ++last, text, done, failed });
    if (!now) next();
  });
}
