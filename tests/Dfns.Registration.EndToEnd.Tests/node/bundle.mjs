// Bundles the browser's part of the official SDK into one script: { } in, { script } out.

import { build } from "esbuild";
import { input, output } from "./lib/io.mjs";

await input();
const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["browser-sdk.mjs"],
  bundle: true,
  write: false,
  format: "iife",
  platform: "browser",
  logLevel: "error",
});
output({ script: outputFiles[0].text });
