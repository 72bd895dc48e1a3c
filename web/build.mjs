// Builds web/dist from web/src, or with --tests bundles the unit tests into .test. The same sources give the same bytes.
import { build } from "esbuild";
import { cp, mkdir, readdir, rm } from "node:fs/promises";

const common = {
  bundle: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  target: ["es2021", "chrome100", "firefox100", "safari15.4"],
};

if (process.argv.includes("--tests")) {
  await rm(".test", { recursive: true, force: true });
  const tests = (await readdir("src", { recursive: true })).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common, entryPoints: tests.map((name) => `src/${name}`), outdir: ".test", outExtension: { ".js": ".mjs" },
    platform: "node", format: "esm", target: "node20", sourcemap: "inline",
  });
} else {
  await rm("dist", { recursive: true, force: true });
  const page = { ...common, minify: true, format: "iife" };
  await Promise.all([
    build({ ...page, entryPoints: ["src/widget/widget.ts"], outfile: "dist/widget.js", loader: { ".css": "text" } }),
    build({ ...page, entryPoints: ["src/demo/demo.ts", "src/demo/demo.css"], outdir: "dist/demo" }),
    build({ ...page, entryPoints: ["src/console/console.ts", "src/console/console.css"], outdir: "dist/console" }),
  ]);
  for (const name of ["demo", "console"]) {
    await mkdir(`dist/${name}`, { recursive: true });
    await cp(`src/${name}/index.html`, `dist/${name}/index.html`);
  }
}
