import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // Tests mount components as a browser does; in Node, Svelte would be that of a server.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
}));
