import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// The tasks are those of ../server-node.
export default defineConfig({
  plugins: [vue()],
  server: { proxy: { "/tasks": process.env.TASKS_URL ?? "http://localhost:3000" } },
});
