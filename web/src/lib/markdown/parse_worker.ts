// Markdown is parsed beside the page, so that a text made to take forever (there are such, for every parser) costs
// its reader nothing: parser.ts ends this worker when it is late.
import { parseMarkdown } from './parse.ts';

self.onmessage = ({ data }: MessageEvent<{ id: number; text: string }>) => {
  try {
    self.postMessage({ id: data.id, html: parseMarkdown(data.text) });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error).slice(0, 200) });
  }
};
