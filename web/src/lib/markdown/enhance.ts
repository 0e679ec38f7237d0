// What a card gets after it stands in the page, piece by piece so that the page never waits: formulas, colours of code,
// buttons that copy.
import { mount, unmount } from 'svelte';
import { highlight, languageOfFence } from '#lib/code/highlight.ts';
import CopyButton from '#lib/ui/CopyButton.svelte';

const sliceMilliseconds = 10;
const formulasMax = 3000;
const blocksMax = 400;
const coloredCharactersMax = 400_000; // in all blocks of one card

const pause = () => new Promise<void>((go) => setTimeout(go));

async function drawFormulas(root: HTMLElement, stopped: () => boolean): Promise<void> {
  const formulas = [...root.querySelectorAll<HTMLElement>('.math-block, .math-inline')].slice(0, formulasMax);
  if (formulas.length === 0) return;
  const { mathml } = await import('./math.ts');
  let since = performance.now();
  for (const element of formulas) {
    if (performance.now() - since > sliceMilliseconds) {
      await pause();
      since = performance.now();
    }
    if (stopped()) return;
    const tex = element.textContent ?? '';
    const drawn = mathml(tex, element.classList.contains('math-block'));
    if (drawn) element.replaceChildren(drawn);
    else element.classList.add('math-source');
  }
}

async function colorCode(root: HTMLElement, stopped: () => boolean): Promise<void> {
  let left = coloredCharactersMax;
  for (const code of [...root.querySelectorAll<HTMLElement>('pre > code')].slice(0, blocksMax)) {
    const word = [...code.classList].find((name) => name.startsWith('language-'))?.slice('language-'.length) ?? '';
    const language = languageOfFence(word);
    const text = code.textContent ?? '';
    left -= text.length;
    if (language === null || left < 0) continue;
    const html = await highlight(text, language);
    if (stopped()) return;
    code.innerHTML = html;
    await pause();
  }
}

function addCopyButtons(root: HTMLElement): () => void {
  const mounted: Record<string, unknown>[] = [];
  for (const block of [...root.querySelectorAll<HTMLElement>('pre')].slice(0, blocksMax)) {
    const frame = document.createElement('div');
    frame.className = 'code-frame';
    block.replaceWith(frame);
    frame.append(block);
    const target = document.createElement('div');
    target.className = 'code-copy';
    frame.append(target);
    const text = (block.textContent ?? '').replace(/\n$/, '');
    mounted.push(mount(CopyButton, { target, props: { text, label: 'Copy the code' } }));
  }
  return () => mounted.forEach((each) => void unmount(each));
}

export function enhance(root: HTMLElement): () => void {
  let gone = false;
  const removeButtons = addCopyButtons(root);
  void drawFormulas(root, () => gone);
  void colorCode(root, () => gone);
  return () => {
    gone = true;
    removeButtons();
  };
}
