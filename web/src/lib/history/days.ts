// Commits under the day they were made, as lists show them.
import type { Commit } from '#lib/api/types.ts';

export interface Day {
  title: string;
  commits: Commit[];
}

export function byDay(commits: Commit[]): Day[] {
  const days: Day[] = [];
  for (const commit of commits) {
    const title = new Date(commit.date).toLocaleDateString('en', { dateStyle: 'long' });
    const last = days.at(-1);
    if (last?.title === title) last.commits.push(commit);
    else {
      // History is in the order of its graph; a day may come twice.
      const again = days.some((day) => day.title === title) ? ` (${days.length + 1})` : '';
      days.push({ title: title + again, commits: [commit] });
    }
  }
  return days;
}
