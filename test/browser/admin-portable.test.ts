// What the admin page shows of scheduled messages, and how it exports and erases.

import { readFile } from "node:fs/promises";
import { beforeAll, expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call } from "./server-code.ts";
import type { Visitor } from "./visitor.ts";

describeInBrowser("the admin page, about what is kept", () => {
  const demo = demoForTest({ vars: { ADMIN: "on", DEMO: "off" }, keepPages: true });
  let operator: Visitor;

  beforeAll(async () => {
    operator = await demo.open("/admin", await demo.profile({ reducedMotion: "reduce" }));
    await operator.page.getByLabel("API key").fill(demo.server.apiKey);
    await operator.press("Sign in");
    await operator.page.getByRole("button", { name: "Sign out" }).waitFor();
  });

  const goTo = (hash: string) => operator.page.evaluate((to) => location.assign(to), hash);
  const result = () => operator.page.getByRole("status", { name: "Results" });

  it("[Z304] a room shows what is scheduled in it, by all, and takes it back", async () => {
    const later = {
      data: { text: "see you" },
      sendAt: Date.now() + 3_600_000,
      from: { id: "ada", name: "Ada" },
    };
    await call(demo.server, "POST", "/v1/rooms/hall/scheduled", later);
    await goTo("#/rooms/hall");
    const section = operator.page.getByRole("region", { name: "Scheduled messages" });
    await section.getByText("see you").waitFor();
    await section.getByText("Ada").waitFor();
    await section.getByRole("button", { name: "Take back “see you”" }).click();
    await section.getByText("Nothing is scheduled.").waitFor();
    const { scheduled } = await call<{ scheduled: unknown[] }>(
      demo.server,
      "GET",
      "/v1/rooms/hall/scheduled",
    );
    expect(scheduled).toEqual([]);
  });

  it.each([
    ["room", "hall"],
    ["user", "ada"],
  ])("[Z304] a %s is saved as a file, and not where the export breaks off", async (kind, name) => {
    const lines = `{"type":"${kind}"}\n{"type":"end","messages":0}\n`;
    let body = lines;
    await operator.page.route(`**/v1/${kind}s/${name}/export`, (route) => route.fulfill({ body }));
    await goTo(`#/${kind}s/${name}`);
    const save = operator.page.getByRole("button", { name: "Export" });
    const [download] = await Promise.all([operator.page.waitForEvent("download"), save.click()]);
    expect(download.suggestedFilename()).toBe(`${name}.ndjson`);
    expect(await readFile(await download.path(), "utf8")).toBe(lines);
    await expect.poll(() => result().textContent(), SOON).toContain(`${name} was exported.`);
    body = lines.slice(0, -20);
    await save.click();
    await expect.poll(() => result().textContent(), SOON).not.toContain("was exported");
  });

  it("[Z304] a user is erased once their id was typed, and the page says what is left", async () => {
    const asked: string[] = [];
    await operator.page.route("**/v1/users/ada", async (route) => {
      const method = route.request().method();
      if (method !== "DELETE") return route.fallback();
      asked.push(method);
      await route.fulfill({ json: { done: false, rooms: 2 } });
    });
    await goTo("#/users/ada");
    await operator.page.getByRole("button", { name: "Erase…" }).click();
    const dialog = operator.page.getByRole("dialog", { name: "Erase ada?" });
    await dialog.getByLabel("Id of the user").fill("ad");
    await dialog.getByRole("button", { name: "Erase user" }).click();
    await dialog.getByText("This is not the id of the user.").waitFor();
    expect(asked).toEqual([]);
    await dialog.getByLabel("Id of the user").fill("ada");
    await dialog.getByRole("button", { name: "Erase user" }).click();
    await expect.poll(() => result().textContent(), SOON).toContain("Something is left in 2 rooms");
    expect(asked).toEqual(["DELETE"]);
  });
});
