import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig, type Plugin } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const API_DOCS_FILES = ["swagger-ui.css", "swagger-ui-bundle.js", "LICENSE", "NOTICE"];

/** Puts the API reference viewer beside our own page: it is served from the gateway, never from elsewhere. */
function apiDocs(): Plugin {
  return {
    name: "gridpatrol-api-docs",
    apply: "build",
    closeBundle() {
      const source = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
      const target = join(here, "dist", "api-docs");
      mkdirSync(target, { recursive: true });
      for (const name of API_DOCS_FILES) copyFileSync(join(source, name), join(target, name));
    },
  };
}

// Kept beside the scripts and styles, so that the page stands without a line.
const SHELL_FILES = ["/icon.svg", "/icon-maskable.svg", "/manifest.webmanifest"];

/** Writes the service worker with the names of this build's files: it keeps these and nothing else. */
function serviceWorker(): Plugin {
  return {
    name: "gridpatrol-service-worker",
    apply: "build",
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name));
      const shell = [...built.map((name) => `/${name}`), ...SHELL_FILES].sort();
      const source = readFileSync(join(here, "sw.js"), "utf8");
      const build = createHash("sha256").update(shell.join("\n") + source).digest("hex").slice(0, 12);
      const filled = source.replace("__BUILD__", build).replace("__SHELL__", JSON.stringify(shell));
      this.emitFile({ type: "asset", fileName: "sw.js", source: filled });
    },
  };
}

export default defineConfig({
  plugins: [vue(), apiDocs(), serviceWorker()],
  resolve: { alias: { "@": join(here, "src") } },
  build: {
    target: "es2022",
    // The page's rules forbid inline scripts; everything is a file of our own.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } } },
  test: { environment: "jsdom", include: ["tests/**/*.test.ts"], restoreMocks: true },
} as Parameters<typeof defineConfig>[0]);
