// Makes docs/page.png, the picture of README: node test/browser/picture.ts

import { join } from "node:path";
import { launchChromium } from "../support/chromium.ts";
import { startServer } from "../support/local-server.ts";
import { call } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

const FILE = join(import.meta.dirname, "../../docs/page.png");
const ROOM = "project_123";

const [browser, server] = await Promise.all([launchChromium(), startServer()]);
try {
  const open = async (name: string) => {
    const context = await browser.newContext({ viewport: { width: 1_200, height: 640 } });
    return Visitor.join(context, server.url, name, ROOM);
  };
  const [ada, grace] = [await open("Ada"), await open("Grace")];
  const say = async (who: Visitor, text: string) => {
    await who.say(text);
    await Promise.all([ada.sees(text), grace.sees(text)]);
  };
  await say(ada, "Morning! The new build is in the test environment.");
  await say(grace, "Great, I’ll try it with 200 people in one room.");
  await say(ada, "Try it on the train too. Nothing should get lost in the tunnel.");
  const data = { text: "Build 456 is green: 1,204 tests passed." };
  await call(server, "POST", `/v1/rooms/${ROOM}/messages`, { event: "chat", data });
  await ada.sees(data.text);
  await say(grace, "Everything arrived, in order and only once.");
  const build = { user: "ada", title: "Build completed", message: "All tests passed" };
  await call(server, "POST", "/v1/notify", build);
  await ada.sees(build.title);
  await grace.writing.pressSequentially("And");
  await ada.page.getByText("is typing").waitFor();
  // With what moves at its end.
  await ada.page.screenshot({ path: FILE, animations: "disabled" });
} finally {
  await browser.close();
  await server.stop();
}
