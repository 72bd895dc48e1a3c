// Builds web/dist/console from src/console; runs its unit tests (Vitest). The same sources give the same bytes.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { sheets } from "./src/console/build/sheets.ts";

export default defineConfig({
  root: "src/console",
  base: "/console/",
  publicDir: false,
  plugins: [react(), sheets()],
  resolve: { alias: { "react-style-singleton": new URL("src/console/ui/singleton.tsx", import.meta.url).pathname } },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/auth": "http://127.0.0.1:8080" } },
  build: {
    outDir: "../../dist/console",
    emptyOutDir: true,
    target: ["es2022", "chrome107", "firefox104", "safari16.4"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      output: {
        // Stable names: the server's ETags say what changed, and a rebuild does not fill the history.
        entryFileNames: "console.js",
        chunkFileNames: "[name].js",
        assetFileNames: "console[extname]",
        // A page that stayed open over an update finds a missing name in a newer part and loads itself anew; a mangled one it would mistake for another.
        minifyInternalExports: false,
      },
    },
  },
  test: { include: ["**/*.test.{ts,tsx}"], environment: "happy-dom", setupFiles: ["testing/setup.ts"], restoreMocks: true },
});
