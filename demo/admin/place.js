// What is on the screen, as the part of the address after `#`: that part is never sent to a server.

/** @typedef {{ kind: "overview" } | { kind: "room", name: string } | { kind: "user", id: string }} Place */

/** @param {Place} place */
export function addressOf(place) {
  switch (place.kind) {
    case "overview":
      return "#/";
    case "room":
      return `#/rooms/${encodeURIComponent(place.name)}`;
    case "user":
      return `#/users/${encodeURIComponent(place.id)}`;
  }
}

/** An address that names nothing is the overview. @param {string} hash @returns {Place} */
export function placeOf(hash) {
  const [, kind, encoded = ""] = /^#\/(rooms|users)\/(.+)$/.exec(hash) ?? [];
  if (kind === undefined) return { kind: "overview" };
  try {
    const name = decodeURIComponent(encoded);
    return kind === "rooms" ? { kind: "room", name } : { kind: "user", id: name };
  } catch {
    return { kind: "overview" };
  }
}
