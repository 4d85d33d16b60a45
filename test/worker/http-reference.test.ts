/// <reference types="vite/types/importMeta.d.ts" />

// src/protocol/HTTP.md against the routes that there are, and against the schemas of their bodies and answers.

import { describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { ERRORS, HTTP_ROUTES, type HttpRoute, isCompound, type Schema } from "../../src/protocol/index.ts";

const textsOf = (files: Readonly<Record<string, string>>): string[] => Object.values(files);

const [page = ""] = textsOf(
  import.meta.glob<string>("../../src/protocol/HTTP.md", { query: "?raw", import: "default", eager: true }),
);

const sections = new Map(
  page
    .split(/^#{2,3} /m)
    .slice(1)
    .map((section) => {
      const [title = "", ...lines] = section.split("\n");
      return [title.replaceAll("`", ""), lines.join("\n")];
    }),
);

const isRoute = (title: string) => /^[A-Z]+ [/*]/.test(title);

/** The section, and the shapes that it links to. */
function textOf(title: string, seen = new Set<string>()): string {
  if (seen.has(title)) return "";
  seen.add(title);
  const text = sections.get(title) ?? "";
  const shapes = Array.from(text.matchAll(/\]\(#([a-z]+)\)/g), ([, anchor]) =>
    [...sections.keys()].find((name) => name.toLowerCase() === anchor),
  );
  return [text, ...shapes.map((name) => (name === undefined ? "" : textOf(name, seen)))].join("\n");
}

/** The names of all fields that a schema describes, with `?` where one may be left out. */
function fieldsOf(schema: Schema): string[] {
  if (typeof schema === "string") return [];
  if (!isCompound(schema)) {
    return Object.entries(schema).flatMap(([name, field]) => [
      Array.isArray(field) && field[0] === "optional" ? `${name}?` : name,
      ...fieldsOf(field),
    ]);
  }
  switch (schema[0]) {
    case "optional":
    case "nullable":
    case "list":
    case "strict":
      return fieldsOf(schema[1]);
    case "record":
      return fieldsOf(schema[2]);
    default:
      // The events of a log are described in PROTOCOL.md.
      return [];
  }
}

/** The bounds of what a body may hold: of numbers, and of the lengths of texts and lists. */
function boundsOf(schema: Schema): number[] {
  if (typeof schema === "string") return [...(ATOM_BOUNDS[schema] ?? [])];
  if (!isCompound(schema)) return Object.values(schema).flatMap(boundsOf);
  switch (schema[0]) {
    case "optional":
    case "nullable":
    case "strict":
      return boundsOf(schema[1]);
    case "list":
      return [...(schema[3] === undefined ? [] : [schema[3]]), ...boundsOf(schema[1])];
    case "int":
    case "text":
      // An instant is bounded by what a date can hold.
      return schema
        .slice(1)
        .filter((bound) => Number(bound) > 1 && Number(bound) < 1e12)
        .map(Number);
    default:
      return [];
  }
}

/** The other names have theirs in PROTOCOL.md. */
const ATOM_BOUNDS: Readonly<Record<string, readonly number[]>> = { commandId: [64], notificationId: [200] };

const routes: Readonly<Record<string, HttpRoute>> = HTTP_ROUTES;

describe("the HTTP reference", () => {
  it("[X5] has a section for every route, and no other", () => {
    const there = createApp()
      .routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    const described = [...sections.keys()].filter(isRoute);
    expect(described.toSorted()).toEqual([...new Set(there)].toSorted());
    expect(Object.keys(routes).filter((route) => !sections.has(route))).toEqual([]);
  });

  it.each(Object.keys(routes))("[X5] names every field of %s", (route) => {
    const { body = {}, answer = {} } = routes[route] ?? {};
    const text = textOf(route);
    const own = sections.get(route) ?? "";
    const missing = (fields: readonly string[], where: string) =>
      fields.filter((field) => !where.includes(`\`${field}\``));
    expect(missing(fieldsOf(answer), text)).toEqual([]);
    // A body says itself what may be left out; in the shape of an answer the same field may stand without `?`.
    expect(missing(fieldsOf(body), text)).toEqual([]);
    const rows = Array.from(own.matchAll(/^\| (`.*?`) \|/gm), ([, names = ""]) => names.replaceAll("`", ""));
    const all = [...fieldsOf(body), ...fieldsOf(answer)];
    expect(rows.flatMap((names) => names.split(", ")).filter((name) => !all.includes(name))).toEqual([]);
    if (fieldsOf(answer).length === 0) expect(own).toContain("`{}`");
  });

  it.each(Object.keys(routes))("[H40] names every bound of the body of %s", (route) => {
    const { body = {} } = routes[route] ?? {};
    const text = textOf(route);
    expect(boundsOf(body).filter((bound) => !text.includes(bound.toLocaleString("en")))).toEqual([]);
  });

  it("[H40] names the bodies that refuse unknown fields", () => {
    const [, list = ""] = /how things are to be \(([^)]+)\)\s+refuse/.exec(page) ?? [];
    const strict = Object.entries(routes).flatMap(([route, { body = {} }]) =>
      typeof body !== "string" && isCompound(body) && body[0] === "strict" ? [route] : [],
    );
    const named = list.replaceAll("`", "").split(/,\s+/);
    const names: Readonly<Record<string, string>> = {
      "PATCH /v1/rooms/:room": "settings",
      "PATCH /v1/rooms/:room/scheduled/:id": "a change of what is scheduled",
    };
    const nameOf = (route: string) => names[route] ?? route.replace(/^.*\//, "");
    expect(strict.map(nameOf).toSorted()).toEqual(named.toSorted());
  });

  it("[X5] names every code with its status, in its table and wherever it stands with one", () => {
    const rows = Array.from(page.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm), ([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, { http }]) => [code, http])),
    );
    for (const [, code = "", status] of page.matchAll(/`([a-z_]+)` \((\d{3})\)/g))
      expect([code, Number(status)]).toEqual([code, Reflect.get(ERRORS, code)?.http]);
  });

  it("[X5] names every parameter that the code reads", () => {
    const ofSockets = ["frame", "replaces", "have"];
    const missing = Object.entries(routes).flatMap(([route, { query = {} }]) =>
      Object.keys(query)
        .filter((name) => !ofSockets.includes(name) && !sections.get(route)?.includes(`\`${name}\``))
        .map((name) => `${route}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it("[X5][Z207] no code reads a parameter that is not in the contract", () => {
    const sources = import.meta.glob<string>("../../src/http/*.ts", {
      query: "?raw",
      import: "default",
      eager: true,
    });
    const reading = Object.entries(sources).filter(([, source]) => /\.query\(|searchParams/.test(source));
    // It makes tokens for development, beside the API.
    expect(reading.map(([file]) => file.split("/").at(-1))).toEqual(["dev-token.ts", "request-url.ts"]);
  });
});
