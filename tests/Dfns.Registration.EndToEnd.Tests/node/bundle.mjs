// Bundles a script for the browser with the official SDK, unmodified: { entry } in, its file in this folder; { script } out.

import { build } from "esbuild";
import { input, output } from "./lib/io.mjs";

const { entry } = await input();
const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: [entry],
  bundle: true,
  write: false,
  format: "iife",
  platform: "browser",
  logLevel: "error",
});
output({ script: outputFiles[0].text });
