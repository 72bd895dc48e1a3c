// Pages: which of the shop's pages the visitor looks at, also where a page changes its address without being loaded anew.

/** Calls seen for this page and for every one that follows, once each. */
export function watchPages(seen: (page: { url: string; title: string }) => void): void {
  let last = "";
  const look = () => {
    const url = location.href.split("#")[0]!.slice(0, 2000);
    if (url === last) return;
    last = url;
    setTimeout(() => { if (url === last) seen({ url, title: document.title.replace(/^\(\d+\+?\) /, "").slice(0, 200) }); }, 300); // pages change their title after their address
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const own = history[name];
    history[name] = function (this: History, ...args: Parameters<History["pushState"]>) {
      own.apply(this, args);
      look();
    };
  }
  addEventListener("popstate", look);
  look();
}
