// Pages: which of the shop's pages the visitor looks at, also where a page changes its address without being loaded anew.

import { bareTitle } from "./title.ts";

/** The address of a page. What follows # is a page of its own where it is a path (#/cart, #!/cart), otherwise a place in one. */
export const pageOf = (href: string) => href.replace(/#(?!!?\/.).*/, "");

/** Calls seen for this page and for every one that follows, once each. */
export function watchPages(seen: (url: string, title: string) => void, host: { mark: string }): void {
  let last = "";
  const look = () => {
    const url = pageOf(location.href).slice(0, 2000);
    if (url === last) return;
    last = url;
    setTimeout(() => { if (url === last) seen(url, bareTitle(host.mark).slice(0, 200)); }, 300); // pages change their title after their address
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const own = history[name];
    history[name] = function (this: History, ...args: Parameters<History["pushState"]>) {
      own.apply(this, args);
      look();
    };
  }
  addEventListener("popstate", look); // comes with another fragment too
  look();
}
