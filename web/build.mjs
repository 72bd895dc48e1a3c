// Builds web/dist from web/src without the console (vite.config.ts does that), or with --tests bundles the unit tests into .test. The same sources give the same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { minify } from "terser";

const common = {
  bundle: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  jsx: "automatic",
  jsxImportSource: "preact",
  target: ["es2021", "chrome100", "firefox100", "safari15.4"],
};

/** The languages: the files there are, English first. */
const languages = (await readdir("src/shared/i18n")).filter((n) => /^[a-z]{2}\.ts$/.test(n)).map((n) => n.slice(0, 2)).sort((a, b) => (b === "en") - (a === "en") || (a < b ? -1 : 1));

/** Writes src/shared/languages.ts, and throws if a language lacks words or has others than English. */
async function listLanguages() {
  const list = (part) => `export const ${part}: All<typeof en.${part}> = { ${languages.map((l) => (l === "en" ? `en: en.${part}` : `${l}: ${l}.${part}`)).join(", ")} };\n`;
  await writeFile("src/shared/languages.ts", `// Made by build.mjs of the files in i18n: every language's words, by part.\n\n${languages.map((l) => `import * as ${l} from "./i18n/${l}.ts";\n`).join("")}
type All<T> = Readonly<Record<string, en.Translation<T>>>;\n\n${["launcher", "forms", "demo", "examples"].map(list).join("")}`);
  const { outputFiles } = await build({ ...common, stdin: { contents: languages.map((l) => `export * as ${l} from "./src/shared/i18n/${l}.ts";`).join("\n"), resolveDir: "." }, format: "esm", write: false });
  const all = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
  const keys = (o, at = "") => Object.entries(o).flatMap(([k, v]) => (typeof v === "string" ? (v === "" ? [] : [at + k]) : keys(v, `${at}${k}.`)));
  const english = new Set(keys(all.en));
  for (const l of languages) {
    const own = new Set(keys(all[l]));
    const wrong = [...english].filter((k) => !own.has(k)).map((k) => `lacks ${k}`).concat([...own].filter((k) => !english.has(k)).map((k) => `has ${k}, which English has not`));
    if (wrong.length > 0) throw new Error(`src/shared/i18n/${l}.ts ${wrong.slice(0, 10).join(", ")}`);
  }
}

/** The chat's words in one language, a file of its own that comes with the chat: the entry words:zh. */
const words = { name: "words", setup: (b) => {
  b.onResolve({ filter: /^words:/ }, ({ path }) => ({ path, namespace: "words" }));
  b.onLoad({ filter: /./, namespace: "words" }, ({ path }) => {
    const l = path.slice("words:".length);
    return { contents: `import { widget } from "./shared/i18n/${l}.ts"; import { bring } from "./widget/words.ts"; bring("${l}", widget);`, resolveDir: "src" };
  });
} };

/** Names that only ever stand behind `this.`, and so can be short without anybody noticing. */
async function privateNames() {
  const names = (await readdir("src", { recursive: true })).filter((n) => /^(shared|widget)\/.*\.tsx?$/.test(n) && !n.endsWith(".test.ts")).sort();
  let text = "";
  for (const n of names) text += (await readFile(`src/${n}`, "utf8")).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const own = /(?:this\.|private (?:readonly |async |get |set |static )*)(\w+)/g;
  const rest = new Set(text.replace(own, "").match(/\w+/g));
  for (const lib of ["dist/preact.mjs", "hooks/dist/hooks.mjs"]) for (const w of (await readFile(`node_modules/preact/${lib}`, "utf8")).match(/\w+/g)) rest.add(w);
  return [...new Set([...text.matchAll(/private (?:readonly |async |get |set |static )*(\w+)/g)].map((m) => m[1]))].filter((n) => !rest.has(n)).sort();
}

/** What widget-parts.js takes from the chat instead of having its own (src/widget/ui/parts.ts). */
const kit = { name: "kit", setup: (b) => {
  b.onResolve({ filter: /^preact|\/(context|icons|media)\.tsx?$/ }, ({ path }) => ({ path, namespace: "kit" }));
  b.onLoad({ filter: /./, namespace: "kit" }, () => ({ contents: "export const { jsx, jsxs, Fragment, useState, useEffect, useLayoutEffect, useRef, useAttempt, useCountdown, useDesk, useFile, Picture, Icon } = window.uniqchat.kit;" }));
} };

/** One of the widget's scripts, as small as it gets. */
async function widget(entry, out, define = {}, ...more) {
  // Style sheets travel in the scripts.
  const sheets = { name: "sheets", setup: (b) => b.onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const { outputFiles } = await build({ entryPoints: [path], minify: true, write: false, charset: "utf8", target: common.target });
    return { contents: outputFiles[0].text.trim(), loader: "text" };
  }) };
  const { outputFiles } = await build({
    ...common, entryPoints: [entry], format: "iife", minifySyntax: true, write: false, define, plugins: [sheets, ...more],
    mangleProps: new RegExp(`^(${(await privateNames()).join("|")})$`),
  });
  const { code } = await minify(outputFiles[0].text, { ecma: 2020, compress: { passes: 3, ecma: 2020, inline: 1 }, format: { ecma: 2020, comments: false } });
  await writeFile(`dist/${out}`, code);
}

await listLanguages();
if (process.argv.includes("--tests")) {
  await rm(".test", { recursive: true, force: true });
  const tests = (await readdir("src", { recursive: true })).filter((name) => name.endsWith(".test.ts") && !name.startsWith("console/"));
  await build({
    ...common, entryPoints: tests.map((name) => `src/${name}`), outdir: ".test", entryNames: "[name]", outExtension: { ".js": ".mjs" },
    platform: "node", format: "esm", target: "node20", sourcemap: "inline",
  });
} else {
  await rm("dist", { recursive: true, force: true });
  const page = { ...common, minify: true, format: "iife" };
  await mkdir("dist");
  await Promise.all([
    widget("src/widget/chat.tsx", "widget-chat.js"),
    widget("src/widget/parts.ts", "widget-parts.js", {}, kit),
    ...languages.map((l) => widget(`words:${l}`, `widget-${l}.js`, {}, words)),
    build({ ...page, entryPoints: ["src/demo/demo.ts", "src/demo/demo.css", "src/demo/examples.css"], outdir: "dist/demo" }),
    build({ ...page, entryPoints: ["src/picture/picture.ts", "src/picture/picture.css"], outdir: "dist/picture" }),
    build({ ...page, minify: false, entryPoints: ["src/demo/examples.ts"], outdir: "dist/demo" }), // it shows its own text
  ]);
  // The loader names the others by what is in them, so that browsers may keep them for ever.
  const versions = {};
  for (const name of ["widget-chat", "widget-parts", ...languages.map((l) => `widget-${l}`)]) versions[name] = createHash("sha256").update(await readFile(`dist/${name}.js`)).digest("hex").slice(0, 20);
  await widget("src/widget/loader.ts", "widget.js", { VERSIONS: JSON.stringify(versions) });
  await cp("src/widget/widget.d.ts", "dist/widget.d.ts");
  for (const name of ["demo/index", "demo/examples", "picture/index"]) await cp(`src/${name}.html`, `dist/${name}.html`);
}
