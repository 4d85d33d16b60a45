// How each proxy of docs/behind-a-proxy.md is started: with the configuration on that page, on other ports.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Place {
  /** The folder of this proxy alone. */
  readonly dir: string;
  readonly port: number;
  /** The address of the Worker. */
  readonly upstream: number;
}

export interface Recipe {
  readonly name: string;
  /** The Debian packages. */
  readonly packages: readonly string[];
  readonly scheme: "http" | "https";
  command(place: Place, config: string): readonly [program: string, ...args: string[]];
  /** What the page leaves out because it is the same for any site. */
  wrap?(place: Place, config: string): string;
}

const DOC = join(import.meta.dirname, "../../docs/behind-a-proxy.md");

/** The block of this name on the page, with our addresses and files. */
function configOf(name: string, { dir, port, upstream }: Place): string {
  const text = new RegExp(`^\`\`\`${name}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(readFileSync(DOC, "utf8"))?.[1];
  if (text === undefined) throw new Error(`the page has no configuration of ${name}`);
  return text
    .replaceAll("8787", String(upstream))
    .replaceAll("/etc/ssl/", `${dir}/`)
    .replace(/\b443\b/, String(port))
    .replace(/http_port 80\b/, `http_port ${port}`);
}

/** Writes the configuration, and returns what to run. */
export function prepare(recipe: Recipe, place: Place): readonly [program: string, ...args: string[]] {
  const text = configOf(recipe.name, place);
  const config = join(place.dir, "config");
  writeFileSync(config, recipe.wrap?.(place, text) ?? text);
  return recipe.command(place, config);
}

const apacheModules = ["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_wstunnel", "ssl"];

export const RECIPES: readonly Recipe[] = [
  {
    name: "nginx",
    packages: ["nginx-light"],
    scheme: "https",
    command: ({ dir }, config) => ["nginx", "-p", dir, "-c", config],
    wrap: ({ dir }, text) =>
      `user root; daemon off; error_log stderr; pid ${dir}/pid;\nevents {}\nhttp {\naccess_log off;\n${text}}\n`,
  },
  {
    name: "haproxy",
    packages: ["haproxy"],
    scheme: "https",
    command: (_, config) => ["haproxy", "-db", "-f", config],
  },
  {
    name: "apache",
    packages: ["apache2"],
    scheme: "https",
    command: (_, config) => ["apache2", "-DFOREGROUND", "-f", config],
    wrap: ({ dir, port }, text) =>
      [
        ...apacheModules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
        `ServerRoot ${dir}\nServerName localhost\nListen ${port}\nPidFile ${dir}/pid\nErrorLog ${dir}/log`,
        "User www-data\nGroup www-data",
        `SSLEngine on\nSSLCertificateFile ${dir}/site.pem\nSSLCertificateKeyFile ${dir}/site.key`,
        text,
      ].join("\n"),
  },
  {
    name: "caddy",
    packages: ["caddy"],
    scheme: "https",
    command: (_, config) => ["caddy", "run", "--adapter", "caddyfile", "--config", config],
    wrap: ({ dir, port }, text) =>
      `{\n  admin off\n  auto_https off\n}\n${text.replace("rooms.example.com {", `https://localhost:${port} {\n  tls ${dir}/site.pem ${dir}/site.key`)}`,
  },
  {
    name: "lighttpd",
    packages: ["lighttpd"],
    scheme: "http",
    command: (_, config) => ["lighttpd", "-D", "-f", config],
    wrap: ({ dir, port }, text) => `server.port = ${port}\nserver.document-root = "${dir}"\n${text}`,
  },
  {
    name: "varnish",
    packages: ["varnish"],
    scheme: "http",
    command: ({ dir, port }, config) => [
      ...(["varnishd", "-F", "-a", `127.0.0.1:${port}`, "-f", config, "-n", `${dir}/n`] as const),
      ...["-s", "malloc,32m"],
    ],
  },
  {
    name: "squid",
    packages: ["squid"],
    scheme: "http",
    command: (_, config) => ["squid", "-N", "-f", config],
    wrap: ({ dir }, text) =>
      `${text}pid_filename ${dir}/pid\naccess_log none\ncache_log ${dir}/log\ncoredump_dir ${dir}\nshutdown_lifetime 1 seconds\n`,
  },
  {
    name: "h2o",
    packages: ["h2o"],
    scheme: "https",
    command: (_, config) => ["h2o", "-c", config],
    wrap: ({ port }, text) => `user: root\n${text.replace("rooms.example.com", `localhost:${port}`)}`,
  },
  {
    name: "nghttpx",
    packages: ["nghttp2-proxy"],
    scheme: "https",
    command: (_, config) => ["nghttpx", `--conf=${config}`, "--workers=1"],
  },
  {
    name: "stunnel",
    packages: ["stunnel4"],
    scheme: "https",
    command: (_, config) => ["stunnel4", config],
    wrap: ({ dir }, text) => `foreground = yes\npid = ${dir}/pid\n${text}`,
  },
  {
    name: "hitch",
    packages: ["hitch"],
    scheme: "https",
    command: (_, config) => ["hitch", "--user=nobody", `--config=${config}`],
  },
];
