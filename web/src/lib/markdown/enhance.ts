// What a card gets after it stands in the page: formulas, colours of code, buttons that copy. Each piece gets them when
// the reader comes near, so that a card of a thousand formulas is read as quickly as one of ten.
import { mount, unmount } from 'svelte';
import { highlight, languageOfFence } from '#lib/code/highlight.ts';
import CopyButton from '#lib/ui/CopyButton.svelte';

const nearPixels = 1200;
const sliceMilliseconds = 8;
const coloredCharactersMax = 100_000; // in one block

const pause = () => new Promise<void>((go) => setTimeout(go));

async function drawFormula(element: HTMLElement): Promise<void> {
  const { mathml } = await import('./math.ts');
  const drawn = mathml(element.textContent ?? '', element.classList.contains('math-block'));
  if (drawn) element.replaceChildren(drawn);
  else element.classList.add('math-source');
}

async function colorCode(block: HTMLElement): Promise<void> {
  const code = block.querySelector<HTMLElement>(':scope > code');
  const word = [...(code?.classList ?? [])].find((name) => name.startsWith('language-'));
  const language = word ? languageOfFence(word) : null;
  const text = code?.textContent ?? '';
  if (!code || language === null || text.length > coloredCharactersMax) return;
  code.innerHTML = await highlight(text, language);
}

function addCopyButton(block: HTMLElement): () => void {
  const target = document.createElement('div');
  target.className = 'code-copy';
  block.after(target);
  const text = (block.textContent ?? '').replace(/\n$/, '');
  const button = mount(CopyButton, { target, props: { text, label: 'Copy the code' } });
  return () => void unmount(button);
}

export function enhance(root: HTMLElement): () => void {
  let gone = false;
  const undo: (() => void)[] = [];
  const waiting: HTMLElement[] = [];
  let working = false;

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    let since = performance.now();
    for (let element = waiting.shift(); element && !gone; element = waiting.shift()) {
      try {
        if (element.tagName === 'PRE') {
          undo.push(addCopyButton(element));
          await colorCode(element);
        } else await drawFormula(element);
      } catch {
        // It stays as it is: plain code, a formula's source.
      }
      if (performance.now() - since > sliceMilliseconds) {
        await pause();
        since = performance.now();
      }
    }
    working = false;
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        waiting.push(target as HTMLElement);
      }
      void work();
    },
    { rootMargin: `${nearPixels}px` }
  );
  for (const element of root.querySelectorAll('pre, .math-block, .math-inline')) near.observe(element);

  return () => {
    gone = true;
    near.disconnect();
    for (const each of undo) each();
  };
}
