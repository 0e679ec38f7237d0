// Leaving a page that holds something unsaved asks first.
import { beforeNavigate } from '$app/navigation';

export function askBeforeLeaving(holds: () => boolean, question: string) {
  beforeNavigate((navigation) => {
    if (!holds()) return;
    // For a closed tab or a reload the browser asks in its own words.
    if (navigation.willUnload || !confirm(question)) navigation.cancel();
  });
}
