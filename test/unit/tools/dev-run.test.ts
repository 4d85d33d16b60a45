import { describe, expect, it } from "vitest";
import { devRun } from "../../../src/tools/dev-run.ts";

/** Before what was given, which may turn it off. */
const ADMIN = ["--var", "ADMIN:on"];
/** Before the last variable. */
const LOCAL = ["--var", "JURISDICTION:", "--var", "LOG_SAMPLE:1"];
const run = (line: string) => devRun(line.split(" ").filter((option) => option !== ""));

describe("npm run dev", () => {
  it("[H33] listens on this machine alone by default, and admits any user of it", () => {
    expect(run("")).toEqual({
      options: ["dev", "--port", "8787", "--ip", "localhost", ...ADMIN, ...LOCAL, "--var", "DEV_TOKENS:on"],
      port: "8787",
      devTokens: "on",
    });
    expect(run("--port 8000 --var A:1")).toEqual({
      options: [
        ...["dev", "--ip", "localhost", ...ADMIN, "--port", "8000", "--var", "A:1", ...LOCAL],
        ...["--var", "DEV_TOKENS:on"],
      ],
      port: "8000",
      devTokens: "on",
    });
    expect(run("--port=8000").port).toBe("8000");
  });

  it.each([
    "--ip localhost",
    "--ip 127.0.0.1",
    "--ip=127.0.0.2",
    "--ip ::1",
    "--ip [::1]",
    "--log-level error --persist-to elsewhere",
  ])("[H33] creates tokens if no one else can reach it: %s", (line) => {
    expect(run(line).devTokens).toBe("on");
  });

  it.each([
    "--ip 0.0.0.0",
    "--ip=0.0.0.0",
    "--ip ::",
    "--ip *",
    "--ip 192.168.1.5",
    "--ip 127.0.0.1.nip.io",
    "--ip",
    "--ip localhost --ip 0.0.0.0",
    "--ip 0.0.0.0 --ip localhost",
    "--tunnel",
    "--tunnel=true",
    "--tunnel-name x",
    "--tunnelName x",
    "--remote",
    "-r",
    "--ip 0.0.0.0 --var DEV_TOKENS:on",
  ])("[H33] creates none if someone else may reach it: %s", (line) => {
    const { devTokens, options } = run(line);
    expect(devTokens).toBe("off");
    // The last value counts, and takes precedence over that of .dev.vars.
    expect(options.slice(-2)).toEqual(["--var", "DEV_TOKENS:off"]);
  });

  it("[H33] creates them for the network only if it is set to share", () => {
    expect(run("--share").options).toEqual([
      ...["dev", "--port", "8787", "--ip", "0.0.0.0", ...ADMIN, ...LOCAL, "--var", "DEV_TOKENS:share"],
    ]);
    expect(run("--ip 192.168.1.5 --share").options).toEqual([
      ...["dev", "--port", "8787", ...ADMIN, "--ip", "192.168.1.5", ...LOCAL, "--var", "DEV_TOKENS:share"],
    ]);
  });

  it("[O30] logs every connection, unless an option says otherwise", () => {
    const sampleOf = (line: string) => run(line).options.filter((option) => option.startsWith("LOG_SAMPLE:"));
    expect(sampleOf("")).toEqual(["LOG_SAMPLE:1"]);
    expect(sampleOf("--var LOG_SAMPLE:0.5")).toEqual(["LOG_SAMPLE:0.5"]);
  });

  it("[O45] has no jurisdiction, whatever wrangler.toml and the options say", () => {
    const { options } = run("--var JURISDICTION:eu");
    expect(options.filter((option) => option.startsWith("JURISDICTION:")).at(-1)).toBe("JURISDICTION:");
  });
});
