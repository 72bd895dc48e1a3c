// Title: the page's title says that there is something to read.

const mark = /^\(\d+\+?\) /;

export class Title {
  private n = 0;

  /** Puts (n) before the title, or takes it away. The page may have changed its title meanwhile. */
  show(n: number): void {
    if (n === this.n) return;
    this.n = n;
    const bare = document.title.replace(mark, "");
    document.title = n === 0 ? bare : `(${n > 99 ? "99+" : n}) ${bare}`;
  }
}
