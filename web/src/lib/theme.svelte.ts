// Light or dark. static/assets/theme.js has set it before the first paint; here it is switched.

export type Theme = 'light' | 'dark';

class ThemeChoice {
  now = $state<Theme>(document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light');

  switch(to: Theme = this.now === 'dark' ? 'light' : 'dark') {
    this.now = to;
    document.documentElement.dataset.theme = to;
    try {
      localStorage.setItem('theme', to);
    } catch {
      // Storage is closed to us: the choice lasts as long as the page.
    }
  }
}

export const theme = new ThemeChoice();
