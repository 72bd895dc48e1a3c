// Mantine writes some of its styles as <style> elements, which our Content-Security-Policy forbids, through innerHTML, which our
// Trusted Types forbid. This plugin makes them style sheets of the CSSOM (ui/sheet.tsx), which both allow.

import type { Plugin } from "vite";

const element = /\bjsx\("style",/g;

export function sheets(): Plugin {
  return {
    name: "uniqchat-sheets",
    transform(code, id) {
      if (!/@mantine\/.*\.mjs$/.test(id.split("?")[0] ?? "") || !code.includes('jsx("style"')) return null;
      const sheet = JSON.stringify(new URL("../ui/sheet.tsx", import.meta.url).pathname);
      return { code: `import { Sheet as $Sheet } from ${sheet};\n${code.replace(element, "jsx($Sheet,")}`, map: null };
    },
  };
}
