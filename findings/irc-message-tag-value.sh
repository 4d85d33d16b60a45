#!/usr/bin/env bash
# Run: irc-message and irc-framework parse a line with IRCv3 message tags: a message id in Base64, which ends in equals
# signs, and a value with the escapes of the specification for a space and a semicolon.
# One would expect: the id with its equals signs, as only the first one separates, and the decoded value; the documents
# of irc-message name IRCv3 message tags.
# What happens: irc-message cuts the id at its second equals sign and leaves the escapes as they are. irc-framework does
# both right.
# Why it matters: the id of a message is what replies, reactions and deletions name. Cut short it matches nothing on the
# server, and only ids of some lengths are hit.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" irc-message@3.0.2 irc-framework@4.14.0

cat > "$dir/run.mjs" <<'JS'
import { createRequire } from "node:module";
import { ircLineParser } from "irc-framework";

const { parse } = createRequire(import.meta.url)("irc-message");
const line = "@msgid=YWRh==;label=one\\stwo\\:three :ada!a@example.com PRIVMSG #room :hello";
const tags = { "irc-message": parse(line).tags, "irc-framework": ircLineParser(line).tags };
for (const [name, { msgid, label }] of Object.entries(tags)) console.log(`${name}: ${msgid} | ${label}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: irc-message@3.0.2 irc-framework@4.14.0, node $(node --version)"
echo "expected: YWRh== | one two;three twice"
echo "seen: $seen"
recorded='irc-message: YWRh | one\stwo\:three
irc-framework: YWRh== | one two;three'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
