// {@attach scrolls}: what is larger than its box can be reached, and scrolled, by keyboard; what fits is no stop.
import type { Attachment } from 'svelte/attachments';

export const scrolls: Attachment<HTMLElement> = (element) => {
  const look = () => {
    const larger =
      element.scrollWidth > element.clientWidth + 1 ||
      (element.scrollHeight > element.clientHeight + 1 && getComputedStyle(element).overflowY !== 'hidden');
    if (larger) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  };
  const sizes = new ResizeObserver(look);
  sizes.observe(element);
  for (const child of element.children) sizes.observe(child);
  const contents = new MutationObserver(look);
  contents.observe(element, { childList: true, subtree: true, characterData: true });
  look();
  return () => {
    sizes.disconnect();
    contents.disconnect();
  };
};
