// GET /token → a token for the user who is signed in. JWT_SECRET=… node token.mjs
import { createHmac } from "node:crypto";
import { createServer } from "node:http";

const { JWT_SECRET, PORT = 3000 } = process.env;
if (!JWT_SECRET) throw new Error("JWT_SECRET is missing");

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenFor = ({ id, name }) => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: id, name, rooms: { "project_*": "write" }, iat: now, exp: now + 3600 };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`;
};
const signedInUser = (_request) => ({ id: "usr_1", name: "Ada" }); // your session says who asks: undefined is nobody

createServer((request, response) => {
  const user = request.method === "GET" && request.url === "/token" ? signedInUser(request) : undefined;
  response.writeHead(user ? 200 : 401, { "Content-Type": "text/plain", "Cache-Control": "no-store" });
  response.end(user && tokenFor(user));
}).listen(PORT, "127.0.0.1");
