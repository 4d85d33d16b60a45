// What `npm run dev` passes to wrangler, and whether anybody may join as anybody meanwhile: only if no other machine
// reaches the server, as the Worker cannot be sure who its callers are, or with `--share`.

export interface DevRun {
  /** Command line of wrangler. */
  readonly options: readonly string[];
  readonly port: string;
  readonly devTokens: "on" | "share" | "off";
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;
/** Options that let other machines reach the server, whatever it listens on. */
const EXPOSING = /^(?:--tunnel(?:[-=].*)?|--tunnel[A-Z].*|--remote(?:=.*)?|-[a-z]*r[a-z]*)$/;

/** `options`: the command line. The variables come last, so that no other values of them
 * count. */
export function devRun(options: readonly string[]): DevRun {
  const shares = options.includes("--share");
  const given = options.filter((option) => option !== "--share");
  const ips = valuesOf(given, "--ip");
  const ports = valuesOf(given, "--port");
  const isLocal = ips.every((ip) => LOOPBACK.test(ip)) && !given.some((option) => EXPOSING.test(option));
  const devTokens = shares ? "share" : isLocal ? "on" : "off";
  return {
    options: [
      "dev",
      ...(ports.length === 0 ? ["--port", "8787"] : []),
      // Set here, so that an address in wrangler.toml does not expose the server unseen.
      ...(ips.length === 0 ? ["--ip", shares ? "0.0.0.0" : "localhost"] : []),
      // The admin page, unless it is set to off.
      ...["--var", "ADMIN:on"],
      ...given,
      // The runtime of this machine has no jurisdictions, and refuses every object of one.
      ...["--var", "JURISDICTION:"],
      // Who tries one connection looks for its lines.
      ...(valuesOf(given, "--var").some((value) => value.startsWith("LOG_SAMPLE:"))
        ? []
        : ["--var", "LOG_SAMPLE:1"]),
      ...["--var", `DEV_TOKENS:${devTokens}`],
    ],
    port: ports.at(-1) ?? "8787",
    devTokens,
  };
}

/** Values given as `--name value` or `--name=value`. */
const valuesOf = (options: readonly string[], name: string): readonly string[] =>
  options.flatMap((option, at) => {
    if (option.startsWith(`${name}=`)) return [option.slice(name.length + 1)];
    return option === name ? [options[at + 1] ?? ""] : [];
  });
