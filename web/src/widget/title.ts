// Title: the page's title says that there is something to read.

/** What the page calls itself, without the mark that was put before it; the page may have changed its title since. */
export const bareTitle = (mark: string) => document.title.slice(document.title.startsWith(mark) ? mark.length : 0);

export class Title {
  constructor(private readonly host: { mark: string }) {}

  /** Puts (n) before the title, or takes it away. */
  show(n: number): void {
    const mark = n === 0 ? "" : `(${n > 99 ? "99+" : n}) `;
    if (mark === this.host.mark) return;
    document.title = mark + bareTitle(this.host.mark);
    this.host.mark = mark;
  }
}
